"""Owns the command `fleet`: its words by noun, each of which reads its settings, does one thing, and says what it did.

Exit status: 0 done, 1 failed (the last line says what to do), 2 wrong settings or words; `fleet webhook plan` has 3 for
work to do, `fleet trace` for an update of which nothing is known.
"""

from typing import Annotated

import typer

from ops.commands import campaign, dead, employees, geo, geocode, holiday, jobs, office, remind, schedule, webhook
from ops.commands.amnesty import amnesty
from ops.commands.doctor import doctor
from ops.commands.orders import pause, resume
from ops.commands.plan import plan
from ops.commands.roles import roles
from ops.commands.sent import sent
from ops.commands.trace import trace
from ops.database import connected
from ops.gate import until_migrated
from ops.migrate import migrate_within, revisions
from ops.roles import refresh
from ops.terminal import done, say
from shared.settings import DatabaseSettings, read

SETUP = "Setting up"
COMPANY = "The company"
JOBS = "By timetable"
SENDING = "Sending"
ADDRESSES = "Addresses"
TROUBLE = "In trouble, and after it"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Operate the check-in fleet. Its settings are environment variables, named in docs/configuration.md. New "
    "here? migrate, webhook apply, office add, schedule add, employees import.",
)


@app.command(rich_help_panel=SETUP)
def migrate(
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Change nothing: wait until another has done it, or a newer release has.")
    ] = False,
    within: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="Wait so long for a database that is away.")
    ] = 0,
) -> None:
    """Bring the database's schema to this release (safe to run twice, or many at once).

    A newer release's schema is left as it is: it works with the release before it.
    """
    settings = read(DatabaseSettings)
    if wait:
        say(f"schema {done(until_migrated(settings, say), 'Looking at the schema')}: go on")
        return
    work = _migrate(settings, within)
    before, after, rights = done(work, "Migrating (is DATABASE_URL right and the server up?)")
    if before != after:
        say(f"schema {before or 'empty'} -> {after}")
    else:
        say(f"schema {after}: nothing to do" if after in revisions() else f"schema {after}: a newer release's, left so")
    if rights:
        say(f"{rights} rights of the services' roles brought up to date")


async def _migrate(settings: DatabaseSettings, within: int) -> tuple[str | None, str | None, int]:
    before, after = await migrate_within(within, settings.database_url.get_secret_value(), say)
    if after not in revisions():
        return before, after, 0  # nor are rights taken that only the newer release knows
    async with connected(settings) as db:
        return before, after, await refresh(db)


app.command(rich_help_panel=SETUP)(plan)
app.command(rich_help_panel=SETUP)(roles)
app.add_typer(webhook.app, name="webhook", rich_help_panel=SETUP)
app.command(rich_help_panel=SETUP)(webhook.menu)
app.add_typer(employees.app, name="employees", rich_help_panel=COMPANY)
app.add_typer(office.app, name="office", rich_help_panel=COMPANY)
app.add_typer(schedule.app, name="schedule", rich_help_panel=COMPANY)
app.add_typer(holiday.app, name="holiday", rich_help_panel=COMPANY)
app.add_typer(remind.app, name="remind", rich_help_panel=JOBS)
app.command("close-day", rich_help_panel=JOBS)(jobs.close)
app.command(rich_help_panel=JOBS)(jobs.retain)
app.add_typer(campaign.app, name="campaign", rich_help_panel=SENDING)
app.command(rich_help_panel=SENDING)(pause)
app.command(rich_help_panel=SENDING)(resume)
app.command(rich_help_panel=SENDING)(sent)
app.add_typer(geo.app, name="geo", rich_help_panel=ADDRESSES)
app.add_typer(geocode.app, name="geocode", rich_help_panel=ADDRESSES)
app.command(rich_help_panel=TROUBLE)(doctor)
app.command(rich_help_panel=TROUBLE)(trace)
app.add_typer(dead.app, name="dead", rich_help_panel=TROUBLE)
app.command(rich_help_panel=TROUBLE)(amnesty)
