"""Owns what every competitor gets to do, to the millisecond the same: check-ins at once, then replies beside bulk."""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel

from bench.figures import Burst, burst_of, waits_of
from shared.contracts import OutboundCall, encode
from shared.topology import BULK, ENRICHMENT, INTERACTIVE, WorkQueue
from simulator.ledger import Call
from simulator.server import Simulator

SEED: Final = 30
ADDRESS: Final = "📍 Nizami küçəsi 12, Bakı"
ADDRESS_WITHIN: Final = (0.005, 2.0)
"""Seconds from a reply to its address; half of them within a tenth of a second, as the cache answers."""
REPLIES_A_SECOND: Final = 4.0
SETTLED: Final = 2.0
"""Seconds of rest before a phase, so that every window and every bucket is empty."""
START_LIMIT: Final = 60.0
BURST_LIMIT: Final = 30.0
"""Seconds beyond what the calls need at 15 a second; who is not done by then has no figure."""
REPLY_LIMIT: Final = 20.0
"""Seconds for which the last replies beside bulk are waited for."""

FIRST_CHAT, FIRST_REPLY, FIRST_BULK = 10_000, 20_000, 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much: check-ins at once, interactive replies beside bulk, bulk messages that wait."""

    checkins: int
    replies: int
    bulk: int

    @classmethod
    def of(cls, checkins: int) -> "Size":
        """A run of so many check-ins; bulk waits for longer than replies come, whoever sends it."""
        replies = max(checkins // 3, 20)
        return cls(checkins, replies, bulk=round(30 * (replies / REPLIES_A_SECOND + REPLY_LIMIT + 10)))


@dataclass
class Workload:
    """The work for one competitor, whose calls arrive at `telegram`."""

    telegram: Simulator
    channel: AbstractChannel
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - no secret: the same work for all

    async def warm_up(self) -> None:
        """Wait for a first reply, which tells that the process works and has opened what it needs."""
        await self._put(INTERACTIVE, self._reply(chat := 1, "salam"))
        await self.telegram.until(lambda: bool(self.telegram.chat(chat)), START_LIMIT)

    async def burst(self, checkins: int) -> Burst:
        """Publish check-ins at once, each one's address a little later; wait until all have both."""
        await asyncio.sleep(SETTLED)
        calls, begun = len(self.telegram.ledger.calls), time.monotonic()
        chats = range(FIRST_CHAT, FIRST_CHAT + checkins)
        async with asyncio.TaskGroup() as group:
            for chat in chats:
                group.create_task(self._check_in(chat))
            group.create_task(self._read(chats, ADDRESS, limit=BURST_LIMIT + 2 * checkins / 15))
        return burst_of(self.telegram.ledger.calls[calls:], begun, checkins, ADDRESS)

    async def load(self, size: Size) -> tuple[list[Call], list[float]]:
        """Let bulk wait, and publish replies beside it; returns the calls meanwhile, and how long each reply waited."""
        await asyncio.sleep(SETTLED)
        calls, published = len(self.telegram.ledger.calls), dict[int, float]()
        bulk = (self._reply(FIRST_BULK + number, "Xatırlatma") for number in range(size.bulk))
        await asyncio.gather(*(self._put(BULK, call) for call in bulk))
        for chat in range(FIRST_REPLY, FIRST_REPLY + size.replies):
            await asyncio.sleep(self.chance.expovariate(REPLIES_A_SECOND))
            published[chat] = time.monotonic()
            await self._put(INTERACTIVE, self._reply(chat, "Cavab"))
        await self._read(published, "Cavab", limit=REPLY_LIMIT)
        made = self.telegram.ledger.calls[calls:]
        return made, waits_of(made, published)

    async def _check_in(self, chat: int) -> None:
        reply = self._reply(chat, "✅ 09:00\n📍 40.37767, 49.89201", awaits_enrichment=True)
        shortest, longest = ADDRESS_WITHIN
        late = shortest * (longest / shortest) ** self.chance.random()
        await self._put(INTERACTIVE, reply)
        await asyncio.sleep(late)
        await self._put(ENRICHMENT, _address(reply))

    async def _read(self, chats: Iterable[int], text: str, limit: float) -> None:
        """Wait until everybody reads the text, for at most so many seconds: what is missing shows in the figures."""
        waiting = set(chats)

        def all_read() -> bool:
            waiting.difference_update([chat for chat in waiting if self._reads(chat, text)])
            return not waiting

        try:
            await self.telegram.changes.until(all_read, limit)
        except TimeoutError:
            return

    def _reads(self, chat: int, text: str) -> bool:
        return any(text in message.text for message in self.telegram.chat(chat))

    def _reply(self, chat: int, text: str, *, awaits_enrichment: bool = False) -> OutboundCall:
        self.telegram.chats.add({"id": chat, "type": "private", "first_name": f"{chat}"})
        return OutboundCall(
            key=f"bench:{chat}",
            chat_id=chat,
            method="sendMessage",
            params={"chat_id": chat, "text": text},
            created_at=time.time(),
            awaits_enrichment=awaits_enrichment,
        )

    async def _put(self, queue: WorkQueue, call: OutboundCall) -> None:
        message = aio_pika.Message(encode(call), message_id=call.key, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self.channel.default_exchange.publish(message, queue.name)


def _address(reply: OutboundCall) -> OutboundCall:
    return OutboundCall(
        key=f"{reply.key}:address",
        chat_id=reply.chat_id,
        method="editMessageText",
        params={"chat_id": reply.chat_id, "text": f"✅ 09:00\n{ADDRESS}"},
        created_at=time.time(),
        target=reply.key,
    )
