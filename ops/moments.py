"""Owns how people write a moment on the command line: `2h`, `1d12h`, `10:50`, `2026-11-24`, `2026-11-24 10:50`."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ops.terminal import Refused

_AGO: Final = re.compile(r"(?=\d)(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK: Final = re.compile(r"\d?\d:\d\d(?::\d\d)?")
_BOTH: Final = re.compile(rf"({_DAY.pattern})[ T]({_CLOCK.pattern})")


def moment(written: str, now: datetime, zone: ZoneInfo, *, end: bool = False) -> datetime:
    """The moment that is meant, on the clocks of the zone; in UTC.

    `2h` and `1d12h30m` are so long before now, `10:50` is the last time when clocks showed that, and a date is its
    first moment, or the one after its last where the end of a period is meant (`end`).

    Raises:
        Refused: nothing of this, or there is no such day or time.
    """
    written = written.strip()
    try:
        if parts := _AGO.fullmatch(written):
            days, hours, minutes = (int(part or 0) for part in parts.groups())
            return now - timedelta(days=days, hours=hours, minutes=minutes)
        if _CLOCK.fullmatch(written):
            return _last(_clock(written), now.astimezone(zone)).astimezone(UTC)
        if both := _BOTH.fullmatch(written):
            return datetime.combine(datetime.fromisoformat(both[1]), _clock(both[2]), zone).astimezone(UTC)
        if _DAY.fullmatch(written):
            day = datetime.fromisoformat(written) + timedelta(days=end)
            return day.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise Refused(f"there is no such moment as {written!r}: {problem}") from problem
    raise Refused(f"{written!r} is no moment: say 2h, 10:50, 2026-11-24 or '2026-11-24 10:50'")


def _clock(written: str) -> time:
    return time.fromisoformat(written.zfill(len("10:50") if written.count(":") == 1 else len("10:50:00")))


def _last(clock: time, local: datetime) -> datetime:
    today = datetime.combine(local, clock, local.tzinfo)
    return today if today <= local else datetime.combine(local - timedelta(days=1), clock, local.tzinfo)
