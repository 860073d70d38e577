"""The short number of an entry."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.entry_number import SYMBOLS, entry_number, numbered
from shared.texts import LANGUAGES, texts_in

MOMENT = datetime(2026, 7, 6, 5, 58, 7, tzinfo=UTC)
LEMAN = 5_100_000_007


@given(user_id=st.integers(1, 2**52), seconds=st.integers(0, 2**32), update_id=st.integers(0, 2**63 - 1))
def test_a_number_is_six_symbols_none_of_which_is_taken_for_another(user_id: int, seconds: int, update_id: int) -> None:
    ref = (datetime.fromtimestamp(seconds, UTC), update_id)
    assert re.fullmatch(f"[{SYMBOLS}]{{3}}-[{SYMBOLS}]{{3}}", entry_number(user_id, ref))
    assert not set(SYMBOLS) & set("01OIL" + "AEU")


def test_a_number_is_the_same_in_every_process_and_release() -> None:
    assert entry_number(LEMAN, (MOMENT, 8_412)) == "9HD-T73"


def test_another_person_moment_or_update_has_another_number() -> None:
    others = [(LEMAN + 1, MOMENT, 8_412), (LEMAN, MOMENT + timedelta(seconds=1), 8_412), (LEMAN, MOMENT, 8_413)]
    numbers = {entry_number(who, (when, update)) for who, when, update in [(LEMAN, MOMENT, 8_412), *others]}
    assert len(numbers) == 4


def test_of_months_with_sixty_entries_nearly_all_have_sixty_numbers() -> None:
    """2,000 months: with odds of 1 in 84,000 each, more than two with a number twice would be a broken number."""
    twice = 0
    for person in range(2_000):
        refs = [(MOMENT + timedelta(hours=5 * entry), 900_000 + 7 * entry) for entry in range(60)]
        twice += len({entry_number(person, ref) for ref in refs}) < 60
    assert twice <= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_is_the_last_line_in_every_language(language: str) -> None:
    said, last = numbered("Salam", "4F7-K2M", texts_in(language)).splitlines()
    assert said == "Salam"
    assert last.endswith(" 4F7-K2M")
