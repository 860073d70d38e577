"""What the words after /office mean."""

import pytest

from checkin_worker.office_words import Refused, draft, metres, named, people, same_name
from checkin_worker.offices import Draft, Kept


def office(number: int, name: str) -> Kept:
    return Kept(number, name, 40.0, 49.0, 150, "Asia/Baku", 0, {})


@pytest.mark.parametrize(("words", "read"), [
    ("Baş ofis", Draft("Baş ofis", 150, "Asia/Baku")),
    ("Baş ofis radius 300", Draft("Baş ofis", 300, "Asia/Baku")),
    ("Baş ofis Radius 300", Draft("Baş ofis", 300, "Asia/Baku")),
    ("London Europe/London", Draft("London", 150, "Europe/London")),
    ("London radius 80 Europe/London", Draft("London", 80, "Europe/London")),
    ("London Europe/London radius 80", Draft("London", 80, "Europe/London")),
    ("28 May", Draft("28 May", 150, "Asia/Baku")),
    ("Radius", Draft("Radius", 150, "Asia/Baku")),
    ("London europe/london", Draft("London", 150, "Europe/London")),
    ("A/B radius 50", Draft("A/B", 50, "Asia/Baku")),
    ("\u202eBa\u0000ş", Draft("Baş", 150, "Asia/Baku")),
    ("ə" * 40, Draft("ə" * 40, 150, "Asia/Baku")),
])  # fmt: skip
def test_a_new_office_is_a_name_and_perhaps_a_radius_and_a_zone(words: str, read: Draft) -> None:
    assert draft(words.split(), "Asia/Baku") == read


@pytest.mark.parametrize(("words", "message_id"), [
    ("", "office-usage"),
    ("radius 150", "office-usage"),
    ("add Baş ofis", "office-usage"),
    ("ə" * 41, "office-name-long"),
    ("Baş ofis radius 49", "office-radius-wrong"),
    ("Baş ofis radius 10001", "office-radius-wrong"),
    ("Baş ofis radius -50", "office-radius-wrong"),
    ("Baş ofis radius ٣٠٠", "office-radius-wrong"),
    ("Baş ofis radius böyük", "office-radius-wrong"),
    ("Baş ofis Asia/Bakı", "office-zone-wrong"),
    ("Baş ofis europe/Olympus", "office-zone-wrong"),
])  # fmt: skip
def test_what_cannot_be_a_new_office_is_refused_in_words(words: str, message_id: str) -> None:
    with pytest.raises(Refused) as refused:
        draft(words.split(), "Asia/Baku")
    assert refused.value.message_id == message_id


def test_an_office_is_found_by_the_longest_name_that_the_words_begin_with() -> None:
    offices = [office(1, "Baş"), office(2, "Baş ofis"), office(3, "Baş ofis remove")]
    assert named(offices, ["Baş", "ofis", "radius", "200"]) == (offices[1], ["radius", "200"])
    assert named(offices, ["Baş", "ofis", "remove"]) == (offices[2], [])
    assert named(offices, ["baş", "OFİS", "radius", "200"]) == (offices[1], ["radius", "200"])
    assert named(offices, ["baş", "ofislər"]) == (offices[0], ["ofislər"])
    assert named(offices, ["BAŞ", "ofis"]) == (offices[1], [])


def test_of_two_names_that_differ_in_case_the_one_that_was_written_is_meant() -> None:
    offices = [office(1, "port"), office(2, "Port")]
    assert named(offices, ["Port"])[0].office_id == 2
    assert named(offices, ["PORT"])[0].office_id == 1


@pytest.mark.parametrize("said", ["içərişəhər  bakı", "İÇƏRİŞƏHƏR BAKI", "IÇƏRIŞƏHƏR baki"])
def test_a_name_is_known_whatever_its_case_spaces_and_dots_of_its_is(said: str) -> None:
    assert same_name(said, "İçərişəhər Bakı")
    assert not same_name(said, "İçərişəhər")


def test_an_unknown_office_is_refused_with_its_name_on_one_line() -> None:
    with pytest.raises(Refused) as refused:
        named([], ["Yox\u2028ofis"])
    assert refused.value.values == {"name": "Yox ofis"}


def test_ids_are_people_to_add_and_with_a_minus_people_to_take_out() -> None:
    assert people(["5100000007", "-5100000014", "1"]) == ([5_100_000_007, 1], [5_100_000_014])


@pytest.mark.parametrize("words", [[], ["Əli"], ["1" * 19], ["--1"], ["1.5"], ["1"] * 51, ["@eli"], ["0"], ["-0"]])
def test_what_is_no_list_of_ids_is_refused(words: list[str]) -> None:
    with pytest.raises(Refused):
        people(words)


@pytest.mark.parametrize("words", [[], ["1", "2"], ["150m"], ["+150"], ["1e3"], ["999999"]])
def test_what_is_no_radius_is_refused(words: list[str]) -> None:
    with pytest.raises(Refused):
        metres(words)
