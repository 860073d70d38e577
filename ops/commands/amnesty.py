"""Owns the words `fleet amnesty ...`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ops.amnesty import Period, forgive, lates
from ops.commands.types import ASKING, DAY, now
from ops.database import connected
from ops.settings import CompanySettings
from ops.terminal import Refused, done, say, show
from shared.settings import read

if TYPE_CHECKING:
    from asyncpg import Record


def amnesty(
    since: Annotated[datetime, typer.Option(metavar="DATE", formats=DAY, help="The first day.")],
    until: Annotated[datetime, typer.Option(metavar="DATE", formats=DAY, help="The last day.")],
    waited: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="A shorter wait is a usual one.")] = 60,
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="Forgive them; without it they are only shown.")] = False,
) -> None:
    """Show, or forgive, those lates whose check-in took long to reach us, as after an outage."""
    settings = read(CompanySettings)
    period = Period(since.date(), until.date(), timedelta(seconds=waited))
    rows, forgiven = done(_amnesty(settings, period, confirm=confirm), ASKING)
    show(("name", "id", "day", "sent", "recorded", "waited", "late by"), [_row(row, settings.zone) for row in rows])
    if confirm:
        say(f"{forgiven} lates forgiven")
    else:
        say(f"{len(rows)} lates waited longer than {waited} s; forgive them with --confirm")


async def _amnesty(settings: CompanySettings, period: Period, *, confirm: bool) -> "tuple[list[Record], int]":
    if period.since > period.until:
        raise Refused(f"--until {period.until} lies before --since {period.since}")
    async with connected(settings) as db:
        rows = await lates(db, period)
        return rows, await forgive(db, period, now()) if confirm else 0


def _row(row: "Record", zone: ZoneInfo) -> tuple[object, ...]:
    sent, recorded = row["sent_at"].astimezone(zone), row["recorded_at"].astimezone(zone)
    waited, late = recorded - sent, timedelta(seconds=row["late_seconds"])
    times = (f"{sent:%H:%M:%S}", f"{recorded:%H:%M:%S}", timedelta(seconds=int(waited.total_seconds())), late)
    return (row["name"], row["user_id"], row["workday"], *times)
