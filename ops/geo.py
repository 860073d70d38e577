"""Owns operators' choice of geocoders: left in `geo.turn`, where RabbitMQ keeps it, and what the geo worker says of it.

The geo worker speaks through Redis, which is never needed: without it the choice is kept and obeyed all the same, and
only nobody can tell.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ops.orders import GLANCE, OrderDesk
from ops.terminal import Refused
from shared.cache import LEFT_ALONE, Cache
from shared.contracts import GEO_STATUS, GeocoderChoice, GeoStatus, decode
from shared.errors import CacheUnavailable, Undecodable
from shared.settings import GEOCODERS
from shared.topology import GEO_TURN

DEFAULT: Final = "default"
OFF: Final = "none"
"""Words that name no geocoder: those of the settings, and no geocoder at all."""
SUBJECT: Final = "geocoders"
PATIENCE: Final = 10.0
"""Seconds in which a geo worker obeys and says so, a takeover included."""
TRIES: Final = 3
"""Redis gets 50 ms a try, which a busy machine may miss."""
PAUSE: Final = LEFT_ALONE + 0.05
"""Seconds from a try to the next: before, the cache does not ask at all."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the active geo worker says of itself; None if nothing can be heard, and then `silence` says why."""

    status: GeoStatus | None
    silence: str = ""

    def obeys(self, choice: GeocoderChoice) -> bool:
        """Whether it knows of this choice, or of one that is newer; it may be unable to obey (`GeoStatus.problem`)."""
        chosen_at = None if self.status is None else self.status.chosen_at
        return chosen_at is not None and chosen_at >= choice.given_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a choice: how many geo workers there are, active or not, and what the active one says."""

    workers: int
    heard: Heard


async def listen(cache: Cache, tries: int = TRIES) -> Heard:
    """Hear what the geo worker says now, in a few tries if Redis does not answer at once."""
    silence = ""
    for number in range(tries):
        if number:
            await asyncio.sleep(PAUSE)
        try:
            said = await cache.get(GEO_STATUS)
            return Heard(None, "no geo worker says anything") if said is None else Heard(_read(said))
        except CacheUnavailable as problem:
            silence = f"Redis is away, so no geo worker can be heard ({problem})"
        except Undecodable as problem:
            return Heard(None, f"what the geo worker says cannot be understood here ({problem})")
    return Heard(None, silence)


async def choose(desk: OrderDesk, cache: Cache, choice: GeocoderChoice) -> Outcome:
    """Leave the choice, and listen until the geo worker knows it, PATIENCE at most.

    Raises:
        BrokerUnavailable: it may be kept or not; say it again.
    """
    await desk.leave(GEO_TURN, choice, SUBJECT)
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        outcome = Outcome((await desk.depth(GEO_TURN)).consumers, await listen(cache))
        nobody = outcome.heard.status is None and not outcome.workers
        if nobody or outcome.heard.obeys(choice) or loop.time() >= until:
            return outcome
        await asyncio.sleep(GLANCE)


def chosen(words: str, url: str | None, given_at: float) -> GeocoderChoice:
    """Read a choice as operators write it.

    Raises:
        Refused: it names a geocoder that does not exist, or one twice, or an address that leads nowhere.
    """
    names = [] if words == DEFAULT else [name.strip() for name in words.split(",")]
    problems = [
        f"there is no geocoder {name!r}: say {DEFAULT}, {OFF}, or some of {', '.join(GEOCODERS)}"
        for name in sorted({*names} - {*GEOCODERS})
        if names != [OFF]
    ]
    problems += [f"{name} stands there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    if url is not None:
        problems += _url_problems(names, url)
    if problems:
        raise Refused(*problems)
    return GeocoderChoice(names=names, url=url, given_at=given_at)


def _url_problems(names: list[str], url: str) -> list[str]:
    if not names:
        return [f"--url is the address of the geocoder that is named first; {DEFAULT} takes what the settings say"]
    if names[0] in {"offline", OFF}:
        return [f"--url: {names[0]} has no address"]
    return [] if _leads_somewhere(url) else [f"--url {url!r} must begin with http:// or https:// and name a host"]


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, or no address within the brackets
        return False


def _read(said: str) -> GeoStatus:
    return decode(GeoStatus, said.encode())
