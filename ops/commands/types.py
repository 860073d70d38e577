"""Owns the arguments that several commands take."""

import re
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final

import typer

from ops.people_file import MOST_ID
from ops.settings import CompanySettings

DAY: Final = ["%Y-%m-%d"]
"""How a date is written."""
ASKING: Final = "Asking the database (is DATABASE_URL right and the server up?)"

_UNITS: Final = MappingProxyType({"m": "minutes", "h": "hours", "d": "days"})

Person = Annotated[int, typer.Argument(metavar="USER_ID", min=1, max=MOST_ID, help="A Telegram id.")]
People = Annotated[list[int], typer.Argument(metavar="USER_ID", min=1, max=MOST_ID, help="Telegram ids.")]
Day = Annotated[datetime, typer.Argument(metavar="DAY", formats=DAY, help="A date, such as 2026-11-08.")]


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def today(settings: CompanySettings) -> date:
    """The date on the company's clock."""
    return now().astimezone(settings.zone).date()


def length(words: str) -> timedelta:
    """A length of time as people write it: 90m, 24h, 7d."""
    found = re.fullmatch(r"(\d{1,6})([mhd])", words, re.ASCII)
    if found is None:
        raise typer.BadParameter(f"{words!r} is no length of time: say 90m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
