"""Owns how the sender is put together; the only file here that names concrete classes.

A standby waits for its turn with everything ready but its consumers. One that stops on purpose says where it stopped,
so that the next goes on at once: first it writes nothing more and gives back what waits, then it hands over the right,
and only then it waits for the answers of the calls under way.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from sender.arrivals import Arrivals
from sender.departures import Departures, Way, estate
from sender.feeds import STEPS, Feed, Feeds
from sender.items import Priority
from sender.lookout import Lookout
from sender.metrics import ACTIVE, USED, watch
from sender.orders import Orders
from sender.pacer import Pacer
from sender.places import Places
from sender.receipts import ReceiptBook
from sender.rules import Rules
from sender.schedule import Schedule
from sender.settings import SenderSettings
from sender.silences import Silences
from sender.telegram import Telegram
from shared.broker import Link
from shared.cache import PATIENT, Cache
from shared.consume import Consumer
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.topology import BULK, ENRICHMENT, FILES, INTERACTIVE, SENDER_TURN
from shared.turn import Turn

WINDOWS: Final = (
    (INTERACTIVE, Priority.INTERACTIVE, 400, STEPS),
    (FILES, Priority.INTERACTIVE, 2, 3),
    (ENRICHMENT, Priority.ENRICHMENT, 400, STEPS),
    (BULK, Priority.BULK, 100, STEPS),
)
"""What is held of each queue, and by how much more the window can be widened. At 30 a second a window is through in a
quarter of a minute; a file may have 8 MiB, so 64 MiB of them at most."""
LAST_WORDS: Final = 3.0
"""Seconds that a sender that stops gives Redis to learn what was sent; a Redis that was late is left alone for one."""
WRITING: Final = 0.2
"""Seconds that a sender that stops waits for calls that are being written. An upload may take longer: then it says
nothing, and the next sender waits as if this one had died."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A sender's inside."""

    publisher: Publisher
    turn: Turn
    way: Way
    arrivals: Arrivals
    departures: Departures
    feeds: Feeds


@contextlib.asynccontextmanager
async def sender(settings: SenderSettings, life: Life) -> AsyncIterator[None]:
    """Send while it is our turn; on leaving, hand over."""
    async with (
        contextlib.aclosing(Cache(settings.redis_url)) as cache,
        contextlib.aclosing(Cache(settings.redis_url, PATIENT)) as patient,
        contextlib.aclosing(Telegram(settings)) as telegram,
    ):
        parts = _put_together(settings, (cache, patient), telegram)
        await parts.feeds.close()
        control = Link(settings.rabbitmq_url, "sender turn", [parts.publisher, parts.turn])
        consuming = Link(settings.rabbitmq_url, "sender consume", parts.feeds.consumers)

        async def in_place() -> bool:
            """A standby waits for its turn; an active sender may send and is fed."""
            return parts.turn.settled and await consuming.answers()

        life.probes.require("rabbitmq", parts.publisher.answers)
        life.probes.require("turn", in_place)
        async with (
            life.running(control.run(), "control link"),
            life.running(consuming.run(), "consume link"),
        ):
            async with (
                life.running(parts.feeds.run(parts.arrivals, consuming), "feeds"),
                life.running(parts.way.places.run(), "places"),
                life.running(parts.departures.run(), "departures"),
            ):
                yield
            await _leave(parts)


def _put_together(settings: SenderSettings, caches: tuple[Cache, Cache], telegram: Telegram) -> Parts:
    cache, patient = caches
    publisher, schedule = Publisher(), Schedule(settings.sender_rate)
    orders = Orders(changed=lambda: feeds.look())  # noqa: PLW0108 - the feeds are made from the orders, below
    turn = Turn(SENDER_TURN, notes=orders)
    places = Places(cache, lambda: turn.held_for, patient)
    pacer = Pacer(settings.sender_rate, settings.guard, time.monotonic())
    lookout = Lookout(telegram, settings.webhook, lambda: turn.held, time.time)
    way = Way(schedule, Rules(orders), pacer, turn, places, Silences(cache), telegram, lookout)
    arrivals = Arrivals(schedule, places, ReceiptBook(publisher), changed=lambda: departures.wake())  # noqa: PLW0108 - made below
    feeds = Feeds(
        [
            Feed(
                Consumer(queue, arrivals.handler(priority), publisher, prefetch=window, deadline=None),
                priority,
                window,
                most_steps,
            )
            for queue, priority, window, most_steps in WINDOWS
        ],
        turn,
        orders,
        schedule,
    )
    departures = Departures(way, arrivals, feeds.hungry)
    ACTIVE.set_function(lambda: float(turn.held))
    USED.share_of(settings.sender_rate)
    watch(schedule, orders)
    return Parts(publisher, turn, way, arrivals, departures, feeds)


async def _leave(parts: Parts) -> None:
    """Give back what waits, hand over the right, and wait for the answers of the calls under way."""
    await parts.feeds.close()  # first: what is given back must come to the next sender, not to this one
    parts.arrivals.give_back()
    await _all_written(parts.way.pacer)
    await parts.turn.hand_over(lambda: estate(parts.way.pacer, time.monotonic()))
    await parts.departures.drain(DRAIN_SECONDS)
    await parts.way.places.all_told(LAST_WORDS)
    parts.arrivals.give_back()
    await parts.feeds.drain(1.0)


async def _all_written(pacer: Pacer) -> None:
    """Wait a moment until no call is being written: where it stopped cannot be said before."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WRITING):
            while pacer.ages(time.monotonic()) is None:  # noqa: ASYNC110 - twenty looks at most, as the process ends
                await asyncio.sleep(0.01)
