"""What an operator chose, as the right to ask keeps it."""

import pytest

from geo_worker.choice import NO_CHOICE, Choice
from shared.contracts import GeocoderChoice, encode


def choice(*names: str, at: float) -> GeocoderChoice:
    return GeocoderChoice(names=list(names), given_at=at)


@pytest.fixture
def heard() -> list[GeocoderChoice]:
    return []


@pytest.fixture
def kept(heard: list[GeocoderChoice]) -> Choice:
    return Choice(heard.append)


def test_the_newest_holds_and_the_one_before_is_given_up(kept: Choice, heard: list[GeocoderChoice]) -> None:
    assert kept.keep(1, encode(choice("photon", at=10))) == []
    assert kept.keep(2, encode(choice("nominatim", at=20))) == [1]
    assert kept.keep(3, encode(choice("photon", at=15))) == [3]
    assert [each.names for each in heard] == [["photon"], ["nominatim"]]


def test_to_want_what_the_settings_say_needs_no_note(kept: Choice, heard: list[GeocoderChoice]) -> None:
    kept.keep(1, encode(choice("photon", at=10)))
    assert kept.keep(2, encode(choice(at=20))) == [1, 2]
    assert kept.keep(3, encode(choice("photon", at=10))) == [3], "an old one that comes late"
    assert heard[-1].names == []


def test_with_the_right_the_choice_is_gone(kept: Choice, heard: list[GeocoderChoice]) -> None:
    kept.keep(1, encode(choice("photon", at=10)))
    kept.clear()
    assert heard[-1] == NO_CHOICE
    assert kept.keep(7, encode(choice("photon", at=10))) == []
    assert heard[-1].names == ["photon"]


def test_what_nobody_understands_is_given_up_and_changes_nothing(kept: Choice, heard: list[GeocoderChoice]) -> None:
    assert kept.keep(1, b"photon, please") == [1]
    assert heard == []
