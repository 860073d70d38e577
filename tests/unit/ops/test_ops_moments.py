"""How people write a moment on the command line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ops.moments import moment
from ops.terminal import Refused

BAKU = ZoneInfo("Asia/Baku")
NOW = datetime(2026, 11, 24, 7, 0, 30, tzinfo=UTC)
"""11:00:30 in Baku."""


@pytest.mark.parametrize(
    ("written", "ago"),
    [("2h", timedelta(hours=2)), ("90m", timedelta(minutes=90)), ("1d12h5m", timedelta(days=1, hours=12, minutes=5))],
)
def test_a_length_is_so_long_before_now(written: str, ago: timedelta) -> None:
    assert moment(written, NOW, BAKU) == NOW - ago


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("10:50", datetime(2026, 11, 24, 10, 50, tzinfo=BAKU)),
        ("9:05", datetime(2026, 11, 24, 9, 5, tzinfo=BAKU)),
        ("11:00:30", datetime(2026, 11, 24, 11, 0, 30, tzinfo=BAKU)),
        ("11:01", datetime(2026, 11, 23, 11, 1, tzinfo=BAKU)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=BAKU)),
        ("2026-11-24 9:50", datetime(2026, 11, 24, 9, 50, tzinfo=BAKU)),
        (" 2026-11-24T10:50:01 ", datetime(2026, 11, 24, 10, 50, 1, tzinfo=BAKU)),
    ],
)
def test_a_clocks_time_is_the_last_time_it_showed_that_and_a_date_begins_at_midnight_all_in_the_zone(
    written: str, local: datetime
) -> None:
    assert moment(written, NOW, BAKU) == local


def test_a_date_that_ends_a_period_is_within_it() -> None:
    assert moment("2026-11-24", NOW, BAKU, end=True) == datetime(2026, 11, 25, tzinfo=BAKU)
    assert moment("10:50", NOW, BAKU, end=True) == moment("10:50", NOW, BAKU)


@pytest.mark.parametrize(
    "written",
    ["", "h", "2", "2w", "yesterday", "24:10", "10:60", "2026-02-30", "2026-11-24 25:00", "0001-01-01", "9999-12-31"],
)
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        moment(written, NOW, BAKU, end=written.startswith("9"))
