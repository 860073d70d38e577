"""Owns how the check-in worker is put together; the only file here that names concrete classes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from checkin_worker.receipts import ReceiptHandler
from checkin_worker.reports.making import DEADLINE as REPORT_DEADLINE
from checkin_worker.reports.making import ReportHandler
from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import UpdateHandler
from shared.broker import Link
from shared.consume import Consumer
from shared.database import PrimaryPool, replica_pools
from shared.lifecycle import DRAIN_SECONDS, Life
from shared.publisher import Publisher
from shared.replica_lag import ReplicaLag
from shared.replicas import Reader
from shared.topology import RECEIPTS, REPORTS, UPDATES

PREFETCH: Final = 64
"""Updates in hand at once that are not recorded yet: two groups of those who share a transaction, and as many more at
most beside a line of those who are (`checkin_worker.recorded_first`). They are held up if a worker freezes, until the
broker misses it, so they are no more than it needs."""
RECEIPTS_AT_ONCE: Final = 4
"""Enough for hundreds a second, where a sender tells of 30; few, so that they take little from the updates."""
DEADLINE: Final = 30.0
"""Seconds an update or a receipt may take before it is put aside to wait."""


@contextlib.asynccontextmanager
async def checkin_worker(settings: WorkerSettings, life: Life) -> AsyncIterator[None]:
    """Handle updates; on leaving, what is in hand is finished first."""
    pool = PrimaryPool(settings)
    replicas = replica_pools(settings)
    reader = Reader(replicas)
    publisher = Publisher()
    handler = UpdateHandler(settings, pool, reader, publisher)
    consumer = Consumer(UPDATES, handler, publisher, prefetch=PREFETCH, deadline=DEADLINE)
    files = Consumer(REPORTS, ReportHandler(pool, publisher), publisher, prefetch=1, deadline=REPORT_DEADLINE)
    receipts = Consumer(RECEIPTS, ReceiptHandler(pool), publisher, prefetch=RECEIPTS_AT_ONCE, deadline=DEADLINE)
    publishing = Link(settings.rabbitmq_url, "checkin_worker publish", [publisher])
    consuming = Link(settings.rabbitmq_url, "checkin_worker consume", [consumer, files, receipts])
    life.probes.require("rabbitmq publish", publisher.answers)
    life.probes.require("rabbitmq consume", consuming.answers)
    life.probes.require("postgresql", pool.answers)
    async with (
        contextlib.aclosing(pool),
        contextlib.aclosing(reader),
        life.running(publishing.run(), "publish link"),
        life.running(consuming.run(), "consume link"),
        life.running(handler.make_room(consumer), "make room"),
        life.running(ReplicaLag(pool, replicas).run(), "replica lag"),
    ):
        yield
        await asyncio.gather(*(each.drain(DRAIN_SECONDS) for each in (consumer, files, receipts)))
