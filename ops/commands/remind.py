"""Owns the words `fleet remind ...`."""

from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final

import typer

from ops.bulk import bulk_publisher
from ops.commands.types import now
from ops.database import connected
from ops.due import Company
from ops.reminders import Kind, Reminded, Reminders
from ops.settings import ReminderSettings
from ops.terminal import done, people, say
from shared.settings import read
from shared.topology import BULK

app = typer.Typer(
    no_args_is_help=True, help="Remind people of tapping, each once; run it every few minutes, as often as you like."
)
REMINDING: Final = "Reminding (are DATABASE_URL and RABBITMQ_URL right? run it again: nobody is reminded twice)"
WHY: Final = MappingProxyType(
    {
        "arrived": "checked in",
        "arrived-after": "came after the end of the shift",
        "reminded": "reminded before",
        "unseen": "never wrote to the bot",
        "unreachable": "cannot be reached",
        "unconsented": "have not consented",
        "elsewhere": "in the hands of another run",
    }
)


@app.command()
def checkin(
    before: Annotated[int, typer.Option(metavar="MINUTES", min=0, max=720, help="Before the shift begins.")] = 15,
) -> None:
    """Remind those who are due soon, or just now, and have not checked in."""
    _remind("checkin", timedelta(minutes=before))


@app.command()
def checkout() -> None:
    """Remind those whose shift is over and who have not checked out."""
    _remind("checkout", timedelta())


def _remind(kind: Kind, before: timedelta) -> None:
    reminded = done(_reminded(read(ReminderSettings), kind, before), REMINDING)
    left_out = ", ".join(f"{number:,} {WHY[why]}" for why, number in sorted(reminded.left_out.items()))
    say(f"{people(reminded.queued)} reminded; left out: {left_out or 'nobody'}")


async def _reminded(settings: ReminderSettings, kind: Kind, before: timedelta) -> Reminded:
    async with connected(settings) as db, bulk_publisher(settings.rabbitmq_url, BULK.name) as publisher:
        company = await Company.read(db, settings)
        reminders = Reminders(db, company, kind, settings.consent == "required", before)
        return await reminders.remind(publisher, now())
