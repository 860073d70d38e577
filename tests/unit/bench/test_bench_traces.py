"""What `make bench-traces` judges and writes: less than the goal and not by chance, and no more of the page than its
own part."""

import shutil
from pathlib import Path

import pytest

from bench.traces_page import PAGE, Pair, TracesReport, put


def report(*more: float) -> TracesReport:
    """Pairs in which a check-in takes 4 ms without traces, and so much more with."""
    sides = [({"ingress": 0.001, "sender": 0.003}, {"ingress": 0.001 + 0.004 * one, "sender": 0.003}) for one in more]
    return TracesReport(60, 0.01, [Pair(off, on) for off, on in sides], 40, "2026-11-30: a machine")


@pytest.mark.parametrize(
    ("more", "held"),
    [
        ([0.01] * 6, True),
        ([0.05] * 6, False),
        ([0.00, 0.02] * 3, True),  # 1 % ± 0.9 %
        ([-0.03, 0.05] * 3, False),  # the same in the middle, but it may be 4.6 %
    ],
    ids=["less", "more", "less beyond doubt", "in doubt"],
)
def test_the_goal_is_held_where_it_is_less_and_not_by_chance(more: list[float], held: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert report(*more).held is held


def test_each_service_has_a_row_and_the_doubt_is_told() -> None:
    text = report(0.01, 0.02, 0.03).text()
    assert "| ingress | 1.00 | 1.08 | +8.0% |" in text
    assert "| sender | 3.00 | 3.00 | +0.0% |" in text
    assert "| all four | 4.00 | 4.08 | +2.0% |" in text
    assert "With traces it is +2.0% ± 1.2% (single pairs +1.0% to +3.0%), and 40 steps were told." in text
    assert "is not shown to be held" in report(0.05, 0.05).text()


def test_the_page_has_a_place_for_it_and_keeps_the_rest(tmp_path: Path) -> None:
    page = Path(shutil.copy(PAGE, tmp_path))
    for _ in range(2):
        put("figures\n", page)
        assert page.read_text().endswith("<!-- measured -->\nfigures\n<!-- end -->\n")
        assert page.read_text().partition("<!-- measured -->")[0] == PAGE.read_text().partition("<!-- measured -->")[0]
