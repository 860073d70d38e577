"""Owns the word `fleet trace`: one update's journey, from the telephone to Telegram's answer."""

from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from ops.commands.types import ASKING
from ops.database import connected
from ops.journey import Journey, follow, ledger_reaches_back
from ops.journey_engines import ask_rabbitmq, ask_redis
from ops.journey_words import HEADINGS, as_json, due, heading, rows
from ops.sent import chat_of
from ops.settings import TraceSettings
from ops.terminal import done, say, tell
from shared.settings import read

NOT_FOUND: Final = 3
"""Exit status: 1 means that nobody knows."""
NOTHING: Final = (
    "nothing is known of it. The inbox keeps it for three days; then say --user with a number or a name. If it never "
    "came, `fleet webhook plan` shows what waits at Telegram"
)


def trace(
    update_id: Annotated[int, typer.Argument(min=0, max=2**63 - 1, help="Telegram's, as log lines have it.")],
    user: Annotated[
        str | None, typer.Option(metavar="USER_ID|NAME", help="Whose it was; needed after three days.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show an update's journey: written, received, recorded, answered; times are on the company's clock.

    Reads only; a reader's rights do. Status 0: found; 3: nothing is known of it; 1: an engine is away, so nobody knows.
    """
    settings = read(TraceSettings)
    journey, oldest = done(_followed(settings, update_id, user), ASKING)
    if not journey.steps or journey.due:
        done(_asked(settings, journey), "Asking Redis and RabbitMQ (are REDIS_URL and RABBITMQ_URL right?)")
        journey.notes.append(_reach(oldest, settings.zone))
    if json:
        typer.echo(as_json(journey, settings.zone))
    else:
        _tell(journey, settings.zone)
    if not journey.steps:
        raise typer.Exit(NOT_FOUND)


async def _followed(settings: TraceSettings, update_id: int, user: str | None) -> tuple[Journey, datetime | None]:
    async with connected(settings) as db:
        journey = await follow(db, update_id, None if user is None else await chat_of(db, user))
        return journey, await ledger_reaches_back(db)


async def _asked(settings: TraceSettings, journey: Journey) -> None:
    """Let the other engines say what the database does not, as far as they are named in the environment."""
    for variable, url, ask in (
        ("REDIS_URL", settings.redis_url, ask_redis),
        ("RABBITMQ_URL", settings.rabbitmq_url, ask_rabbitmq),
    ):
        if url is None:
            journey.notes.append(f"{variable} is not set, so it was not asked there")
        elif not journey.steps or journey.due:
            await ask(journey, url)


def _tell(journey: Journey, zone: ZoneInfo) -> None:
    say(heading(journey))
    if journey.steps:
        tell(HEADINGS, rows(journey, zone))
    else:
        say(NOTHING)
    for line in (*due(journey), *journey.notes):
        say(line)


def _reach(oldest: datetime | None, zone: ZoneInfo) -> str:
    if oldest is None:
        return "the ledger is empty"
    return (
        f"the ledger reaches back to {oldest.astimezone(zone):%Y-%m-%d %H:%M}; a call stands in it once it is settled"
    )
