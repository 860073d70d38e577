"""Owns the word `fleet sent`: did she get the reply?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from ops.commands.types import ASKING, now
from ops.database import connected
from ops.moments import moment
from ops.sent import Answer, Question, look_up
from ops.settings import CompanySettings
from ops.terminal import Refused, done, say, tell
from shared.settings import read

if TYPE_CHECKING:
    from asyncpg import Record

HEADINGS: Final = ("created", "settled", "wait", "what", "kind", "outcome", "message", "doubtful tries", "reason")
IN_WORDS: Final = MappingProxyType(
    {
        "sent": "sent",
        "unknown": "unknown: Telegram did not answer, and it is not repeated",
        "unreachable": "not sent: they cannot be reached",
        "refused": "not sent: Telegram refused it",
        "failed": "not sent: given up after many tries",
        "expired": "not sent: too late to be useful",
        "withdrawn": "not sent: its campaign was paused or cancelled",
        "superseded": "not sent: a newer one went instead",
    }
)
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"


def sent(
    user: Annotated[str, typer.Option(metavar="USER_ID|NAME", help="A Telegram id, or a part of a name.")],
    since: Annotated[str, typer.Option(metavar="MOMENT", help="2h, 10:50, 2026-11-24 or '2026-11-24 10:50'.")] = "1d",
    until: Annotated[str | None, typer.Option(metavar="MOMENT", help="Likewise; a date with all of its day.")] = None,
    outcome: Annotated[list[str] | None, typer.Option(help="Only this one; may be said again for more.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most, the newest.")] = 50,
) -> None:
    """Show what was sent to somebody, and what became of it; times are on the company's clock.

    A call is written down when it is settled: what still waits is not shown.
    """
    settings = read(CompanySettings)
    answer, question = done(_sent(settings, user, (since, until), outcome or (), limit), ASKING)
    say(_who(answer, settings.zone))
    if not answer.calls:
        say(_nothing(answer, question, settings.zone))
        return
    tell(HEADINGS, [_row(row, settings.zone) for row in answer.calls])
    if answer.found > len(answer.calls):
        say(f"the newest {len(answer.calls)} of {answer.found:,}; --limit shows more")


async def _sent(
    settings: CompanySettings, user: str, period: tuple[str, str | None], outcomes: Sequence[str], limit: int
) -> tuple[Answer, Question]:
    if unknown := sorted({*outcomes} - {*IN_WORDS}):
        raise Refused(*(f"there is no outcome {word!r}: say {', '.join(IN_WORDS)}" for word in unknown))
    since, until = period
    at = now()
    end = at if until is None else moment(until, at, settings.zone, end=True)
    question = Question(user, moment(since, at, settings.zone), end, tuple(outcomes), limit)
    async with connected(settings) as db:
        return await look_up(db, question), question


def _who(answer: Answer, zone: ZoneInfo) -> str:
    if (person := answer.person) is None:
        return f"{answer.chat_id}: nobody whom the company knows; what was said to them is not kept"
    who = f"{person['name'] or 'no name'} ({answer.chat_id})"
    if person["unreachable_since"] is not None:
        return f"{who}: cannot be reached since {_shown(person['unreachable_since'], zone)}"
    return who if person["wrote"] else f"{who}: never wrote to the bot"


def _nothing(answer: Answer, question: Question, zone: ZoneInfo) -> str:
    asked = f"between {_shown(question.since, zone)} and {_shown(question.until, zone)}"
    what = "nothing of that outcome" if question.outcomes else "nothing"
    if answer.reaches_back is None:
        return f"{what} was sent {asked}; the ledger is empty"
    return f"{what} was sent {asked}; the ledger reaches back to {_shown(answer.reaches_back, zone)}"


def _row(row: "Record", zone: ZoneInfo) -> tuple[str, ...]:
    created, settled = row["created_at"].astimezone(zone), row["settled_at"].astimezone(zone)
    campaign = "" if row["campaign_id"] is None else f", campaign {row['campaign_id']}"
    return (
        f"{created:{_MOMENT}}",
        f"{settled:%H:%M:%S}" if settled.date() == created.date() else f"{settled:{_MOMENT}}",
        _length(settled - created),
        row["what"],
        f"{row['method']}, {row['priority']}{campaign}",
        IN_WORDS[row["outcome"]],
        str(row["message_id"] or ""),
        str(row["doubtful"] or ""),
        row["reason"],
    )


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _length(wait: timedelta) -> str:
    """Tenths of a second below a minute, where they matter."""
    if wait < timedelta(minutes=1):
        return f"{wait.total_seconds():.1f} s"
    return str(timedelta(seconds=int(wait.total_seconds())))
