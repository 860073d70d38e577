"""Owns what is remembered of calls by key: that one has gone out, as which message, and changes that came too early.

In memory for this process, in Redis for the one that takes over; Redis is not asked what memory must know. Fails open,
in writing: with Redis away at a takeover a call may go out twice, and an address may not find its reply; nobody is left
without an answer.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from shared.contracts import OutboundCall, encode
from shared.errors import CacheUnavailable

REMEMBERED: Final = 20_000
"""Keys held in memory: at the cap, a reply and its address each, five and a half minutes (20,000 / 2 / 30 s)."""
KEPT: Final = 6 * 3600
KEPT_EARLY: Final = 3600
"""Seconds in Redis: for calls that have gone out, and for changes whose call has not come yet."""

YOUNG: Final = 300.0
"""Seconds for which memory is sure to reach back."""
CLOCKS_AGREE: Final = 5.0
"""Seconds by which the clocks of two machines may differ."""

NO_MESSAGE: Final = 0
"""Stands for the message of a call that made none."""


class PlaceStore(Protocol):
    """What is needed of Redis; failures are `CacheUnavailable`."""

    async def get(self, key: str) -> str | None:
        """The value, or None."""

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Keep the value that long."""


class Places:
    """What became of each key.

    Args:
        store: Redis.
        held_for: seconds for which this process alone has been sending; 0 while it does not.
    """

    def __init__(self, store: PlaceStore, held_for: Callable[[], float]) -> None:
        self._store = store
        self._held_for = held_for
        self._sent: OrderedDict[str, int] = OrderedDict()

    def remembers(self, key: str) -> bool:
        """Whether this process sent it, not long ago."""
        return key in self._sent

    def note(self, key: str, message_id: int = NO_MESSAGE) -> None:
        """Remember in this process that the key has had its effect."""
        self._sent[key] = message_id
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    async def message(self, key: str, created_at: float, now: float) -> int | None:
        """The message that the call became; None if it is not known to have gone out.

        Args:
            key: the call's.
            created_at: when the call was made (unix seconds); one made since only this process sends is known here.
            now: unix seconds.
        """
        if key in self._sent:
            return self._sent[key]
        if now - created_at < min(YOUNG, self._held_for() - CLOCKS_AGREE):
            return None
        try:
            value = await self._store.get(f"sent:{key}")
        except CacheUnavailable:
            return None
        return int(value) if value is not None and value.isdecimal() else None

    async def went_out(self, key: str, message_id: int) -> None:
        """Remember that the call went out as this message."""
        self.note(key, message_id)
        try:
            await self._store.put(f"sent:{key}", str(message_id), KEPT)
        except CacheUnavailable:
            return  # this process still knows

    async def leave(self, change: OutboundCall) -> None:
        """Leave a change where its call finds it.

        Raises:
            CacheUnavailable: it could not be left.
        """
        await self._store.put(f"early:{change.target}", encode(change).decode(), KEPT_EARLY)

    async def early(self, key: str) -> OutboundCall | None:
        """The change that waits for this call, if there is one."""
        try:
            value = await self._store.get(f"early:{key}")
            return msgspec.json.decode(value, type=OutboundCall) if value is not None else None
        except (CacheUnavailable, msgspec.MsgspecError):
            return None
