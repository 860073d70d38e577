"""Owns RabbitMQ's queues: their names, bounds and where their messages go when nobody can handle them.

All are quorum queues and use the subset of arguments that RabbitMQ 3.10 and 4.x share. Messages are published to
the default exchange by queue name. Declaring is idempotent; every process declares everything when it connects.
"""

from dataclasses import dataclass
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractConnection


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One queue and what surrounds it.

    Attributes:
        name: as in the architecture.
        dead: the queue that takes what could not be handled.
        delivery_limit: how often the broker hands a message out before it gives up. Our own count of tries
            (`shared.consume`) is the one that matters; this one only ends crash loops, and as a crash counts one
            against every message that the process held, it is generous.
        retries: seconds that a failed message waits, by try; after the last the message is dead.
        max_length: messages held; the broker refuses more, so a publisher hears of it.
        single_active: the broker feeds one consumer at a time.
        alone: whether what comes back from a process that ended without a word is handled apart, one at a time: it may
            have ended the process (`shared.consume`). Not where giving back is part of the work: there each message
            comes back.
    """

    name: str
    dead: str
    delivery_limit: int = 50
    retries: tuple[int, ...] = ()
    max_length: int = 1_000_000
    single_active: bool = False
    alone: bool = False

    @property
    def alone_name(self) -> str:
        """Where those are that are handled one at a time."""
        return f"alone.{self.name}"

    @property
    def handed_out(self) -> tuple[str, ...]:
        """The queues from which its messages are handed out."""
        return (self.name, self.alone_name) if self.alone else (self.name,)

    @property
    def names(self) -> tuple[str, ...]:
        """All the queues in which its messages may be while they are not dead."""
        return (*self.handed_out, *self.retry_names)

    @property
    def retry_names(self) -> tuple[str, ...]:
        """The waiting rooms, in the order of `retries`."""
        return tuple(f"retry.{self.name}.{seconds}s" for seconds in self.retries)


UPDATES: Final = WorkQueue("updates", dead="dead.updates", retries=(1, 5, 30, 120), alone=True)
GEO_REQUESTS: Final = WorkQueue("geo.requests", dead="dead.geo", delivery_limit=1000, retries=(2, 10, 60, 300))
GEO_BACKLOG: Final = WorkQueue("geo.backlog", dead="dead.geo", delivery_limit=1000, retries=(2, 10, 60, 300))
GEO_BACKFILL: Final = WorkQueue("geo.backfill", dead="dead.geo", delivery_limit=1000, retries=(60, 300, 1800))
"""Points of check-ins, of check-ins that newer ones have overtaken, and of old sessions. While no geocoder answers a
message is given back every ten minutes, and each time counts as a delivery: a thousand are a week."""
INTERACTIVE: Final = WorkQueue("outbound.interactive", dead="dead.outbound", delivery_limit=1000)
ENRICHMENT: Final = WorkQueue("outbound.enrichment", dead="dead.outbound", delivery_limit=1000)
BULK: Final = WorkQueue("outbound.bulk", dead="dead.outbound", delivery_limit=1000)
FILES: Final = WorkQueue("outbound.files", dead="dead.outbound", delivery_limit=1000, max_length=10_000)
"""Calls that upload a file; apart, since few of them fill a memory that holds hundreds of the others."""
RECEIPTS: Final = WorkQueue("receipts", dead="dead.receipts", retries=(5, 30, 120), alone=True)
REPORTS: Final = WorkQueue("reports", dead="dead.reports", retries=(5, 30, 120), alone=True)
SENDER_TURN: Final = WorkQueue("sender.turn", dead="", delivery_limit=1_000_000, single_active=True)
GEO_TURN: Final = WorkQueue("geo.turn", dead="", delivery_limit=1_000_000, single_active=True)
INGRESS_TURN: Final = WorkQueue("ingress.turn", dead="", delivery_limit=1_000_000, single_active=True)
"""Their active consumer holds the right to send, to ask geocoders, or to poll (`shared.turn`)."""

WORK_QUEUES: Final = (
    UPDATES,
    GEO_REQUESTS,
    GEO_BACKLOG,
    GEO_BACKFILL,
    INTERACTIVE,
    ENRICHMENT,
    BULK,
    FILES,
    RECEIPTS,
    REPORTS,
    SENDER_TURN,
    GEO_TURN,
    INGRESS_TURN,
)
DEAD_QUEUES: Final = tuple(sorted({queue.dead for queue in WORK_QUEUES if queue.dead}))
DEAD_DELIVERY_LIMIT: Final = 1_000_000
"""Each look at a dead letter is a delivery, and unless told otherwise RabbitMQ 4.x drops a message after 20."""
_QUORUM: Final = {"x-queue-type": "quorum"}


async def declare(connection: AbstractConnection) -> None:
    """Make every queue exist.

    Raises:
        aio_pika.exceptions.ChannelPreconditionFailed: a queue of that name exists with other arguments.
    """
    async with connection.channel() as channel:
        for dead in DEAD_QUEUES:
            kept: dict[str, str | int] = {**_QUORUM, "x-delivery-limit": DEAD_DELIVERY_LIMIT}
            await channel.declare_queue(dead, durable=True, arguments=dict(kept))
        for queue in WORK_QUEUES:
            await _declare(channel, queue)


async def _declare(channel: AbstractChannel, queue: WorkQueue) -> None:
    arguments: dict[str, str | int | bool] = {
        **_QUORUM,
        "x-delivery-limit": queue.delivery_limit,
        "x-overflow": "reject-publish",
        "x-max-length": queue.max_length,
    }
    if queue.dead:
        arguments |= _dead_letters_to(queue.dead)
    if queue.single_active:
        arguments["x-single-active-consumer"] = True
    for name in queue.handed_out:
        await channel.declare_queue(name, durable=True, arguments=dict(arguments))
    for name in queue.retry_names:
        waiting = {**_QUORUM, **_dead_letters_to(queue.name), "x-overflow": "reject-publish"}
        await channel.declare_queue(name, durable=True, arguments=dict(waiting))


def _dead_letters_to(queue: str) -> dict[str, str]:
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
    }
