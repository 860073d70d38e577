"""Owns the end of a run: waits until all work is through, stops the fleet, and reads what is left."""

import asyncio
import contextlib
import time
from typing import Final

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel

from local.stage import DATABASE
from shared.topology import INGRESS_TURN, SENDER_TURN, WORK_QUEUES
from simulator.ledger import Outcome, Rule
from tests.integration.broker_side import held
from tests.soak.arena import Arena
from tests.soak.record import Record
from tests.soak.watch import Watch
from tests.soak.windows import sort_out

DRAIN_SECONDS: Final = 180.0
QUIET_SECONDS: Final = 3.0
ASK_SECONDS: Final = 1.0


async def drained(arena: Arena) -> bool:
    """Wait until everybody was told, or nothing more can be hoped for; returns whether everybody was."""
    deadline = time.monotonic() + DRAIN_SECONDS
    arena.diary.say("the strikes are over; what waits goes out")
    async with contextlib.AsyncExitStack() as open_things:
        database = await asyncpg.connect(arena.engines.postgres.database_url(DATABASE))
        open_things.push_async_callback(database.close)
        while await _missing(arena, database):
            if time.monotonic() > deadline:
                arena.diary.accident(f"after {DRAIN_SECONDS:.0f} s not everybody was told")
                return False
            await asyncio.sleep(ASK_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)  # receipts, and what should not come, have this long to come
    arena.diary.say("everybody was told")
    return True


async def _missing(arena: Arena, database: asyncpg.Connection) -> int:
    """How many updates and messages are on their way; a reminder that the ledger knows of is not."""
    came = sort_out(arena.diary.items, arena.telegram.ledger.calls)
    waiting = {item.key for item, one in came.items() if not one.done}
    settled = await database.fetch("SELECT key FROM calls WHERE key = ANY($1)", list(waiting - {""}))
    refused = {str(call.params.get("text")) for call in arena.telegram.ledger.calls if call.outcome is Outcome.REFUSED}
    poison = len(arena.diary.poison - refused)
    return arena.telegram.updates.pending + len(waiting) - len(settled) + poison


async def record(arena: Arena, watch: Watch) -> Record:
    """Stop the fleet in order, and gather what was seen and what is left."""
    arena.down.update(arena.fleet.services)
    statuses = await arena.fleet.stop_all()
    diary, ledger = arena.diary, arena.telegram.ledger
    url = arena.engines.rabbitmq.url
    database = await asyncpg.connect(arena.engines.postgres.database_url(DATABASE))
    try:
        events = await database.fetch("SELECT update_id, count(*) FROM attendance_events GROUP BY update_id")
        receipts = await database.fetch("SELECT key, outcome FROM calls")
    finally:
        await database.close()
    return Record(
        items=diary.items,
        calls=ledger.calls,
        moments=diary.moments,
        accidents=diary.accidents,
        updates=diary.updates,
        accepted=frozenset(entry.update_id for entry in ledger.webhook if entry.accepted),
        events={row[0]: row[1] for row in events},
        receipts={row[0]: row[1] for row in receipts},
        queues=await _left(url),
        dead=await _dead(url),
        poison=frozenset(diary.poison),
        memory=watch.memory,
        statuses=statuses,
        strange=[f"{one.method}: {one.what}" for one in ledger.violations if one.rule is Rule.SCHEMA],
        worst_lag=arena.telegram.lag.worst,
    )


async def _left(url: str) -> dict[str, int]:
    """What waits in each queue; not the turns, whose messages are worth nothing."""
    queues = [queue for queue in WORK_QUEUES if queue not in (SENDER_TURN, INGRESS_TURN)]
    names = [name for queue in queues for name in queue.names]
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        return {name: await _count(channel, name) for name in names}


async def _count(channel: AbstractChannel, name: str) -> int:
    queue = await channel.declare_queue(name, passive=True)
    return queue.declaration_result.message_count or 0


async def _dead(url: str) -> list[str]:
    """The keys of all dead letters."""
    dead = sorted({queue.dead for queue in WORK_QUEUES if queue.dead})
    return [message.message_id or name for name in dead for message in await held(url, name)]
