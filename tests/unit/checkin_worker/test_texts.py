import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import checkin_worker
from checkin_worker.texts import LANGUAGE, Texts, plain_name

Values = dict[str, str | int | date]

SHOWN: Values = {"name": "Ləman Əliyeva", "date": date(2026, 7, 6), "time": "09:58:07", "place": "\ue000"}
GIVEN: dict[str, Values] = {
    "start": {"name": "Ləman Əliyeva"},
    "button-location": {},
    "hint": {},
    "opened": SHOWN,
    "closed": {**SHOWN, "hours": 9, "minutes": 3},
    "repeated-opened": SHOWN,
    "repeated-closed": {**SHOWN, "hours": 9, "minutes": 3},
}
"""Each message with the values that the code gives it."""

NEEDED = [
    (message_id, value)
    for message_id, values in GIVEN.items()
    for value in values
    if (message_id, value) not in {("repeated-closed", "hours"), ("repeated-closed", "minutes")}
]


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


def test_every_message_of_the_file_is_tested_here() -> None:
    path = Path(checkin_worker.__path__[0]) / "locales" / f"{LANGUAGE}.ftl"
    ids = re.findall(r"^([a-z-]+) *=", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(ids) == sorted(GIVEN)


@pytest.mark.parametrize("message_id", GIVEN)
def test_every_message_can_be_said_with_the_values_that_the_code_gives(texts: Texts, message_id: str) -> None:
    said = texts.say(message_id, **GIVEN[message_id])
    assert 0 < len(said) < 500
    assert not set("{}$") & set(said)
    assert not any(unicodedata.category(char) == "Cf" for char in said.replace("\ufe0f", ""))
    for value in GIVEN[message_id].values():
        assert isinstance(value, date | int) or value in said


@pytest.mark.parametrize(("message_id", "missing"), NEEDED)
def test_a_message_without_a_value_that_it_needs_is_an_error(texts: Texts, message_id: str, missing: str) -> None:
    values = {name: value for name, value in GIVEN[message_id].items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        texts.say(message_id, **values)


@pytest.mark.parametrize("message_id", ["", "no-such", "-term", "opened.attribute", "Start"])
def test_a_message_that_does_not_exist_is_an_error(texts: Texts, message_id: str) -> None:
    with pytest.raises(ValueError, match="no message"):
        texts.say(message_id)


def test_a_language_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Texts("xx")


def test_dates_are_written_in_azerbaijani(texts: Texts) -> None:
    assert "6 iyul 2026, bazar ertəsi" in texts.say("opened", **SHOWN)


def test_what_a_value_contains_is_never_read_as_markup(texts: Texts) -> None:
    assert "Salam, { $date } {{x}} %s \\u0041!" in texts.say("start", name="{ $date } {{x}} %s \\u0041")


NAMES = {
    "Ləman Əliyeva": "Ləman Əliyeva",
    "İsmayıl ŞIXƏLİYEV ğçöü": "İsmayıl ŞIXƏLİYEV ğçöü",
    "Məmməd\u0259\u0307": "Məmməd\u0259\u0307",
    "<b>Əli</b> & <a href='x'>": "<b>Əli</b> & <a href='x'>",
    "*_Əli_* `x` [y](z)": "*_Əli_* `x` [y](z)",
    "\u202eilƏ\u202c": "ilƏ",
    "\u200fƏli\u200e\u2066\u2069\u061c": "Əli",
    "Ə\x00li\x07\x1b[31m": "Əli[31m",
    "Əli\u2028\u2029 Vəli": "Əli Vəli",
    "  Əli \t  Vəli  ": "Əli Vəli",
    "\ue000\uf8ffƏli\U000f0000": "Əli",
    "Ə\u200bl\ufeffi\u00ad": "Əli",
    "👩‍👩‍👧 Ailə 🇦🇿": "👩👩👧 Ailə 🇦🇿",
    "\ud800": "?",
    "": "?",
    " \u00a0\u3000": "?",
    "\u200b\u2060": "?",
    "ə" * 4000: "ə" * 64,
    "ə" * 63 + " x": "ə" * 63,
}


@pytest.mark.parametrize(("name", "plain"), NAMES.items())
def test_a_name_is_shown_as_one_harmless_line(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_separator_makes_a_name_a_second_line(separator: str) -> None:
    name = plain_name(f"Əli{separator}✅ Gedişiniz qeydə alındı")
    assert len(name.splitlines()) == 1
    assert name.startswith("Əli")


@given(st.text() | st.text(st.characters(categories=["C", "Z"])))
def test_whatever_a_name_is_it_becomes_one_short_printable_line(name: str) -> None:
    plain = plain_name(name)
    assert 0 < len(plain) <= 64
    assert len(plain.splitlines()) == 1
    assert plain == plain.strip()
    assert plain.isprintable()
    assert not any(unicodedata.category(char).startswith("C") for char in plain)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=64))
def test_letters_marks_digits_and_signs_are_kept_as_they_are(name: str) -> None:
    assert plain_name(name) == name


@given(st.text())
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert plain_name(plain_name(name)) == plain_name(name)
