"""Owns the words `fleet geo ...`: which geocoders are asked, and how they are."""

import contextlib
import time
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from ops.geo import DEFAULT, OFF, Heard, Outcome, choose, chosen, listen
from ops.orders import Depth, order_desk
from ops.settings import GeoDeskSettings
from ops.terminal import done, say, show
from shared.cache import Cache
from shared.contracts import GeocoderChoice, GeoStatus
from shared.settings import GEOCODERS, read
from shared.topology import GEO_BACKFILL, GEO_BACKLOG, GEO_REQUESTS, GEO_TURN, WorkQueue

app = typer.Typer(no_args_is_help=True, help="The geocoders that find addresses.")

QUEUES: Final = (GEO_REQUESTS, GEO_BACKLOG, GEO_BACKFILL)
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


@dataclass(frozen=True, slots=True)
class Look:
    """What can be seen: the geo workers, active or not, what the active one says, and the queues."""

    outcome: Outcome
    queues: dict[WorkQueue, Depth]


@app.command()
def use(
    names: Annotated[
        str,
        typer.Argument(
            metavar="NAME[,NAME...]", help=f"{', '.join(GEOCODERS)}, the best first; or {DEFAULT}, or {OFF}."
        ),
    ],
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The address of the first, if not that of the settings.")
    ] = None,
) -> None:
    """Ask these geocoders from now on, the next while one fails; `default`: those of the geo worker's settings.

    No process is restarted for it, and it holds also after a restart, until it is said anew. What a geocoder needs
    beside its name, such as a key, is the geo worker's settings' affair.
    """
    choice, outcome = done(_use(read(GeoDeskSettings), names, url), "Telling the geo worker (say it again)")
    status = outcome.heard.status
    if status is None:
        say(f"RabbitMQ keeps the choice; {outcome.heard.silence}, the next one obeys")
    elif not outcome.heard.obeys(choice):
        say(
            f"RabbitMQ keeps the choice; it is not known to the geo worker yet, see `fleet geo show`; {_use_of(status)}"
        )
        raise typer.Exit(1)
    elif status.problem:
        say(f"the geo worker cannot do it: {status.problem}; {_use_of(status)}")
        raise typer.Exit(1)
    else:
        say(_use_of(status))


@app.command("show")
def show_() -> None:
    """Show which geocoders are asked, how they are, and what waits for an address."""
    look = done(_show(read(GeoDeskSettings)), "Looking at the queues")
    heard, status = look.outcome.heard, look.outcome.heard.status
    if status is not None:
        show(("geocoder", "circuit"), status.circuits.items())
        if status.problem:
            say(f"the geo worker cannot do what it was told: {status.problem}")
    waiting = "; ".join(_waiting(queue, depth) for queue, depth in look.queues.items())
    known = heard.silence if status is None else f"{_cells(status)}; {_chosen(status)}"
    say(f"{waiting}; {_workers(look.outcome.workers)}; {known}")


async def _use(settings: GeoDeskSettings, names: str, url: str | None) -> tuple[GeocoderChoice, Outcome]:
    choice = chosen(names, url, time.time())
    async with contextlib.aclosing(Cache(settings.redis_url)) as cache, order_desk(settings.rabbitmq_url) as desk:
        return choice, await choose(desk, cache, choice)


async def _show(settings: GeoDeskSettings) -> Look:
    async with contextlib.aclosing(Cache(settings.redis_url)) as cache, order_desk(settings.rabbitmq_url) as desk:
        heard: Heard = await listen(cache)
        workers = (await desk.depth(GEO_TURN)).consumers
        return Look(Outcome(workers, heard), {queue: await desk.depth(queue) for queue in QUEUES})


def _use_of(status: GeoStatus) -> str:
    circuits = ", ".join(f"{name} ({circuit})" for name, circuit in status.circuits.items())
    return f"in use: {circuits}" if circuits else "in use: none, geocoding is off"


def _waiting(queue: WorkQueue, depth: Depth) -> str:
    again = f" and {depth.later:,} to be tried again" if depth.later else ""
    return f"{queue.name}: {depth.waiting:,} wait{again}"


def _cells(status: GeoStatus) -> str:
    return f"{status.waiting:,} cells wait for an address"


def _workers(number: int) -> str:
    return "1 geo worker is there" if number == 1 else f"{number or 'no'} geo workers are there"


def _chosen(status: GeoStatus) -> str:
    if status.chosen_at is None:
        return "nothing is chosen, the settings hold"
    return f"chosen {_ago(time.time() - status.chosen_at)} ago"


def _ago(seconds: float) -> str:
    """How long, in the largest unit that fits."""
    units = ((DAY, "days"), (HOUR, "h"), (MINUTE, "min"))
    size, unit = next(((size, unit) for size, unit in units if seconds >= 2 * size), (1, "s"))
    return f"{max(0, seconds) / size:.0f} {unit}"
