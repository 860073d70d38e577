"""Dead queues in memory instead of at a broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from ops import dead
from ops.dead_letters import DeadLetter


@dataclass(frozen=True, eq=False)
class Message:
    """What a dead letter is to who takes it from a queue."""

    message_id: str
    headers: Mapping[str, object] = field(default_factory=dict)
    body: bytes = b"{}"


class ShelfWalk:
    """A walk over one of the queues."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        self._left = iter([*messages])
        self.total = len(messages)
        self.taken = 0

    def __aiter__(self) -> "ShelfWalk":
        return self

    async def __anext__(self) -> Message:
        for message in self._left:
            self.taken += 1
            return message
        raise StopAsyncIteration

    async def settle(self, message: Message) -> None:
        self._messages.remove(message)


@dataclass
class Shelf:
    """Messages by dead queue, and when each was moved back, by the loop's clock."""

    queues: dict[str, list[Message]]
    moved: list[float] = field(default_factory=list)

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be what `ops.dead` finds at the broker."""
        monkeypatch.setattr(dead, "_desk", self._desk)
        monkeypatch.setattr(dead, "walk", self._walk)
        monkeypatch.setattr(dead, "_publish", self._publish)

    @contextlib.asynccontextmanager
    async def _desk(self, _url: object) -> AsyncIterator[SimpleNamespace]:
        async def channel(**_traits: object) -> None: ...

        yield SimpleNamespace(channel=channel)

    @contextlib.asynccontextmanager
    async def _walk(self, _connection: object, queue: str, **_traits: object) -> AsyncIterator[ShelfWalk]:
        yield ShelfWalk(self.queues.get(queue, []))

    async def _publish(self, _channel: object, _letter: DeadLetter) -> None:
        self.moved.append(asyncio.get_running_loop().time())
