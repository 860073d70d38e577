"""Owns how the sender is put together; the only file here that names concrete classes.

A standby waits for its turn with everything ready but its consumers: only the active sender takes calls from the
broker, so that what waits is in one memory.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

from sender.departures import Departures
from sender.pacer import Pacer
from sender.places import Places
from sender.schedule import Priority, Schedule
from sender.settings import SenderSettings
from sender.telegram import Telegram
from shared.broker import Link
from shared.cache import Cache
from shared.consume import Consumer
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.topology import BULK, ENRICHMENT, FILES, INTERACTIVE, SENDER_TURN
from shared.turn import Turn

WINDOWS: Final = (
    (INTERACTIVE, Priority.INTERACTIVE, 400),
    (FILES, Priority.INTERACTIVE, 2),
    (ENRICHMENT, Priority.ENRICHMENT, 400),
    (BULK, Priority.BULK, 100),
)
"""What is held of each queue: enough to choose from, and little to decode while a burst needs the processor elsewhere.
At 30 a second a window is through in a quarter of a minute, far within the half hour after which RabbitMQ takes a
delivery back."""


@contextlib.asynccontextmanager
async def sender(settings: SenderSettings, life: Life) -> AsyncIterator[None]:
    """Send while it is our turn; on leaving, calls under way get their answers and the rest goes back to the broker."""
    turn = Turn(SENDER_TURN)
    publisher = Publisher()
    async with (
        contextlib.aclosing(Cache(settings.redis_url)) as cache,
        contextlib.aclosing(Telegram(settings)) as telegram,
    ):
        departures = Departures(
            Schedule(settings.sender_rate),
            Pacer(settings.sender_rate, settings.guard, time.monotonic()),
            turn,
            telegram,
            Places(cache, lambda: turn.held_for),
            clock=time.monotonic,
        )
        consumers = [
            Consumer(queue, departures.arrivals.handler(priority), publisher, prefetch=window, deadline=None)
            for queue, priority, window in WINDOWS
        ]
        control = Link(settings.rabbitmq_url, "sender turn", [publisher, turn])
        consuming = Link(settings.rabbitmq_url, "sender consume", consumers)

        async def in_place() -> bool:
            """A standby waits for its turn; an active sender may send and is fed."""
            return turn.settled and (not turn.active or await consuming.answers())

        life.probes.require("rabbitmq", control.answers)
        life.probes.require("turn", in_place)
        async with (
            life.running(control.run(), "control link"),
            life.running(_consume_in_turn(turn, consuming), "consume link"),
        ):
            async with life.running(departures.run(), "departures"):
                yield
            for consumer in consumers:
                await consumer.stop()
            await departures.drain(DRAIN_SECONDS)
            for consumer in consumers:
                await consumer.drain(1.0)


async def _consume_in_turn(turn: Turn, link: Link) -> None:
    """Keep the consuming link while this process is the active one."""
    while True:
        await turn.taken()
        consuming = asyncio.create_task(link.run(), name="consume link")
        lost = asyncio.create_task(turn.lost(), name="turn lost")
        try:
            await asyncio.wait([consuming, lost], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (consuming, lost):
                task.cancel()
            await asyncio.wait([consuming, lost])
        if not consuming.cancelled():
            consuming.result()  # it runs for ever, so it died: raises what it died of
