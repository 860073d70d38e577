"""What the words after /report ask for."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_worker.handlers.reports import wanted
from checkin_worker.reports.month import Month

NOVEMBER = Month(date(2026, 11, 1))
WORDS = {
    "": ("2026-11", ""),
    "   ": ("2026-11", ""),
    "2026-10": ("2026-10", ""),
    "2026-1": ("2026-01", ""),
    "1.2026": ("2026-01", ""),
    "12.2026": ("2026-12", ""),
    "2026-10 Baş  ofis": ("2026-10", "Baş ofis"),
    "Baş ofis": ("2026-11", "Baş ofis"),
    "2026-13": ("2026-11", "2026-13"),
    "2026-0": ("2026-11", "2026-0"),
    "0001-01": ("2026-11", "0001-01"),
    "2026-10-05": ("2026-11", "2026-10-05"),
    "28 May": ("2026-11", "28 May"),
}


@pytest.mark.parametrize(("said", "meant"), WORDS.items())
def test_a_month_comes_first_and_everything_else_is_an_office(said: str, meant: tuple[str, str]) -> None:
    wish = wanted(said, NOVEMBER)
    assert (wish.month.name, wish.office) == meant


@given(st.text())
def test_whatever_is_written_is_understood_somehow(said: str) -> None:
    wish = wanted(said, NOVEMBER)
    assert wish.month == NOVEMBER or 2000 <= wish.month.first.year <= 2099
    assert Month.named(wish.month.name) == wish.month
