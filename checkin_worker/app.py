"""Owns how the check-in worker is put together; the only file here that names concrete classes."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import UpdateHandler
from shared.broker import Link
from shared.consume import Consumer
from shared.database import PrimaryPool
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.topology import UPDATES

PREFETCH: Final = 16
"""Updates in hand at once: enough to keep a core busy while PostgreSQL and RabbitMQ answer. More are not faster, but
a burst's first replies would all wait for each other."""
DEADLINE: Final = 30.0
"""Seconds an update may take before it is put aside to wait."""


@contextlib.asynccontextmanager
async def checkin_worker(settings: WorkerSettings, life: Life) -> AsyncIterator[None]:
    """Handle updates; on leaving, what is in hand is finished first."""
    pool = PrimaryPool(settings)
    publisher = Publisher()
    consumer = Consumer(
        UPDATES, UpdateHandler(settings, pool, publisher), publisher, prefetch=PREFETCH, deadline=DEADLINE
    )
    publishing = Link(settings.rabbitmq_url, "checkin_worker publish", [publisher])
    consuming = Link(settings.rabbitmq_url, "checkin_worker consume", [consumer])
    life.probes.require("rabbitmq publish", publishing.answers)
    life.probes.require("rabbitmq consume", consuming.answers)
    life.probes.require("postgresql", pool.answers)
    async with (
        contextlib.aclosing(pool),
        life.running(publishing.run(), "publish link"),
        life.running(consuming.run(), "consume link"),
    ):
        yield
        await consumer.drain(DRAIN_SECONDS)
