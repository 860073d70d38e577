"""Owns the words `fleet campaign ...`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops import campaigns
from ops.broker import broker
from ops.campaign_feed import Seen, feed
from ops.campaign_start import Plan, Recipients, start
from ops.campaign_texts import CampaignTexts
from ops.campaign_words import STATES, CampaignBar, titled, told
from ops.campaigns import Campaign, OrderState, Tally
from ops.commands.types import ASKING, length
from ops.database import connected
from ops.orders import order_desk
from ops.settings import CompanySettings, ReminderSettings
from ops.terminal import done, people, say, show
from shared.settings import read

if TYPE_CHECKING:
    from asyncpg import Record

app = typer.Typer(no_args_is_help=True, help="Messages to many people, each of whom gets it once.")

FEEDING: Final = "The campaign (are DATABASE_URL and RABBITMQ_URL right? see `fleet campaign list`)"
INTERRUPTED: Final = 130
WHY: Final = {"unseen": "never wrote to the bot", "unconsented": "have not consented", "unreachable": "unreachable"}

Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**62, help="As `fleet campaign list` has it.")]


@app.command("start")
def start_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that no other campaign has.")],
    text: Annotated[list[str], typer.Option(metavar="LANGUAGE=FILE", help="Once for each language; az is needed.")],
    office: Annotated[str | None, typer.Option(help="Only those who work there.")] = None,
    late_after: Annotated[str, typer.Option(metavar="LENGTH", help="When it is of no use any more: 90m, 24h.")] = "24h",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get it, and write nothing.")] = False,
) -> None:
    """Send a text to everybody who works here, has written to the bot and has agreed; shows what became of it.

    The text is plain; {name} in it becomes the person's first name. People whose language has no text get that of az.
    If this command is interrupted, `fleet campaign run` goes on: nobody gets it twice.
    """
    settings = read(ReminderSettings)
    recipients, number = done(_start(settings, (name, text, length(late_after)), office, dry_run=dry_run), FEEDING)
    languages = ", ".join(f"{count:,} {language}" for language, count in sorted(recipients.languages.items()))
    left_out = ", ".join(f"{count:,} {WHY[why]}" for why, count in sorted(recipients.left_out.items()))
    say(f"{people(len(recipients.people))} ({languages or 'none'}); left out: {left_out or 'nobody'}")
    if number is None:
        say("dry run, nothing is written")
    else:
        say(f"campaign {number} ({name}) is started")
        _feed(settings, number)


@app.command()
def run(number: Number) -> None:
    """Go on with a campaign whose command was interrupted; two of them at once share the people."""
    _feed(read(ReminderSettings), number)


@app.command()
def pause(number: Number) -> None:
    """Let nobody else get it for now; what waits in RabbitMQ is withdrawn."""
    _change(number, "paused")


@app.command()
def resume(number: Number) -> None:
    """Let it go on; if its command does not run any more, `fleet campaign run` is needed too."""
    _change(number, "running")


@app.command()
def cancel(number: Number) -> None:
    """Let nobody else get it, for good."""
    _change(number, "cancelled")


@app.command("list")
def list_() -> None:
    """Show the campaigns of the last weeks, and how far they are."""
    settings = read(CompanySettings)
    rows = done(_list(settings), ASKING)
    headings = ("id", "name", "state", "started", "until", "people", "sent", "unreachable", "not sent", "waiting")
    show(headings, [_row(row, tally, settings) for row, tally in rows])


@app.command("show")
def show_(number: Number) -> None:
    """Show one campaign: its texts, and what became of it."""
    settings = read(CompanySettings)
    campaign, tally = done(_one(settings, number), ASKING)
    started, ends = (
        f"{moment.astimezone(settings.zone):%Y-%m-%d %H:%M}" for moment in (campaign.created_at, campaign.ends_at)
    )
    say(f"{titled(campaign)} {STATES[campaign.state].format(id=number)}")
    say(f"started {started}, of use until {ends}, to {campaign.office or 'everybody'}")
    for language, text in campaign.texts.by_language.items():
        say(f"{language}: {text.splitlines()[0][:100]}")
    say(told(tally))
    say(f"{tally.lately:,} in the last minute")


def _feed(settings: ReminderSettings, number: int) -> None:
    try:
        with CampaignBar() as bar:
            seen = done(feed(settings, number, bar), FEEDING)
    except KeyboardInterrupt:
        say(f"what is queued goes out; `fleet campaign run {number}` goes on, `fleet campaign cancel {number}` ends it")
        raise typer.Exit(INTERRUPTED) from None
    _tell_end(seen)


def _tell_end(seen: Seen) -> None:
    state = "is cancelled" if seen.campaign.state == "cancelled" else "is done"
    say(f"{titled(seen.campaign)} {state}: {told(seen.tally)}")


def _change(number: int, state: OrderState) -> None:
    campaign, tally = done(_changed(read(ReminderSettings), number, state), FEEDING)
    say(f"{titled(campaign)} {STATES[state].format(id=number)}; {told(tally)}")


async def _start(
    settings: ReminderSettings, said: tuple[str, list[str], timedelta], office: str | None, *, dry_run: bool
) -> tuple[Recipients, int | None]:
    name, text, lasts = said
    plan = Plan(name, CampaignTexts.read(text), lasts)
    async with connected(settings) as db:
        recipients = await Recipients.of(db, office, consent_required=settings.consent == "required")
        if dry_run:
            return recipients, None
        async with broker(settings.rabbitmq_url):  # nothing is begun that could not go on
            return recipients, await start(db, plan, recipients)


async def _changed(settings: ReminderSettings, number: int, state: OrderState) -> tuple[Campaign, Tally]:
    async with connected(settings) as db, order_desk(settings.rabbitmq_url) as desk:
        await campaigns.change(db, desk, number, state)
        return await Campaign.read(db, number), (await campaigns.tallies(db, [number]))[number]


async def _list(settings: CompanySettings) -> "list[tuple[Record, Tally]]":
    async with connected(settings) as db:
        return await campaigns.listed(db)


async def _one(settings: CompanySettings, number: int) -> tuple[Campaign, Tally]:
    async with connected(settings) as db:
        return await Campaign.read(db, number), (await campaigns.tallies(db, [number]))[number]


def _row(row: "Record", tally: Tally, settings: CompanySettings) -> tuple[object, ...]:
    times = [f"{row[moment].astimezone(settings.zone):%Y-%m-%d %H:%M}" for moment in ("created_at", "ends_at")]
    sent, unreachable = tally.fates.get("sent", 0), tally.fates.get("unreachable", 0)
    others = tally.people - tally.waiting - sent - unreachable
    counts = (tally.people, sent, unreachable, others, tally.waiting)
    return (row["campaign_id"], row["name"], row["state"], *times, *(f"{count:,}" for count in counts))
