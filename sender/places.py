"""Owns what is remembered of calls by key: how each ended, that one is under way, and changes that came too early.

In memory for this process, in Redis for the one that takes over; Redis is not asked what memory must know.

Redis away: replies fail open, in writing: at a takeover one may go out twice if Redis stays away for some seconds, and
an address may not find its reply, but nobody is left without an answer. That a call was sent is told to Redis again and
again until it knows, for it is left alone for a second after each answer that came late. What must never come twice
fails closed: before it goes out Redis must say that it did not go out before, and hold that it is under way.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from sender.endings import Ending
from shared.contracts import OutboundCall, decode, encode
from shared.errors import CacheUnavailable, Undecodable
from shared.remembered import FOR_NOTHING, NOT_SENT, UNDER_WAY, SentAs, place_of, sent_as

REMEMBERED: Final = 20_000
"""Keys held in memory: at the cap, a reply and its address each, five and a half minutes (20,000 / 2 / 30 s)."""
KEPT: Final = 6 * 3600
KEPT_EARLY: Final = 3600
"""Seconds in Redis: for calls that have gone out, and for changes whose call has not come yet."""

YOUNG: Final = 300.0
"""Seconds for which memory is sure to reach back."""
CLOCKS_AGREE: Final = 5.0
"""Seconds by which the clocks of two machines may differ."""
AGAIN: Final = 0.2
"""Seconds after which Redis is told again what it did not take; a Redis that is left alone is not asked by that."""
LAST_WORDS_PAUSE: Final = 0.1
"""The same while nothing else is left to be done."""

_FINAL: Final = ("sent", "superseded", "unknown")
"""Endings after which a call is not made again by anybody."""


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
        patient: Redis too, with more time for an answer: for what is told or asked again.
    """

    def __init__(self, store: PlaceStore, held_for: Callable[[], float], patient: PlaceStore) -> None:
        self._store = store
        self._held_for = held_for
        self._patient = patient
        self._ended: OrderedDict[str, Ending] = OrderedDict()
        self._amended: OrderedDict[str, float] = OrderedDict()
        self._untold: OrderedDict[str, str] = OrderedDict()
        self._late = asyncio.Event()

    async def run(self) -> None:
        """Tell Redis, for ever, what it did not take when it was told first."""
        while True:
            await self._late.wait()
            await asyncio.sleep(AGAIN)
            await self.tell_again()

    async def tell_again(self) -> None:
        """Tell Redis what it did not take, as far as it takes it now."""
        while self._untold:
            key, value = next(iter(self._untold.items()))
            try:
                await self._patient.put(place_of(key), value, KEPT)
            except CacheUnavailable:
                return
            self._untold.pop(key, None)
        self._late.clear()

    async def all_told(self, within: float) -> None:
        """Tell Redis all that it did not take, for so many seconds at most: this process ends, and nobody else can."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._untold:
                    await self.tell_again()
                    await asyncio.sleep(LAST_WORDS_PAUSE)

    def remembers(self, key: str) -> Ending | None:
        """How the call ended in this process, not long ago."""
        return self._ended.get(key)

    def sent(self, key: str) -> Ending | None:
        """The ending of a call that this process sent, not long ago; one that ended otherwise may be made again."""
        ending = self._ended.get(key)
        return ending if ending is not None and ending.outcome == "sent" else None

    def note(self, key: str, ending: Ending) -> None:
        """Remember it in this process."""
        self._ended[key] = ending
        self._ended.move_to_end(key)
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def applied(self, change: OutboundCall) -> None:
        """Remember that the change is in its call's message, now or soon."""
        target = change.target or ""
        self._amended[target] = max(change.created_at, self._amended.pop(target, 0.0))
        if len(self._amended) > REMEMBERED:
            self._amended.popitem(last=False)

    def overtaken(self, change: OutboundCall) -> bool:
        """Whether a change that was made after this one is in the message already."""
        return change.created_at < self._amended.get(change.target or "", 0.0)

    async def fate(self, key: str, created_at: float, now: float, *, patiently: bool = False) -> Ending | None:
        """How the call ended, here or in another sender's time; None if it is not known to have gone out.

        Args:
            key: the call's.
            created_at: when the call was made (unix seconds); one made since only this process sends is known here.
                One made in the future tells that a clock was wrong, and nothing of when.
            now: unix seconds.
            patiently: give Redis more time for its answer.

        Returns:
            An ending; `unknown` for a call that was under way when its sender was gone.

        Raises:
            CacheUnavailable: Redis would have to say.
        """
        if (ending := self._ended.get(key)) is not None:
            return ending
        if -CLOCKS_AGREE <= now - created_at < min(YOUNG, self._held_for() - CLOCKS_AGREE):
            return None
        store = self._patient if patiently else self._store
        return _read(await store.get(place_of(key)), now)

    async def under_way(self, key: str) -> None:
        """Let whoever comes after this process know that the call is about to be written.

        Raises:
            CacheUnavailable: nobody would know.
        """
        await self._store.put(place_of(key), UNDER_WAY, KEPT)

    async def was_not_written(self, key: str) -> None:
        """Take `under_way` back."""
        with contextlib.suppress(CacheUnavailable):  # then it counts as unknown, which is on the safe side
            await self._store.put(place_of(key), FOR_NOTHING, KEPT)

    async def ended(self, key: str, ending: Ending) -> None:
        """Remember how the call ended."""
        self.note(key, ending)
        if ending.outcome == "sent":
            await self._was_sent(key, str(SentAs(ending.message_id, ending.at, ending.amended_at)))
            return
        with contextlib.suppress(CacheUnavailable):  # likewise
            await self._store.put(place_of(key), UNDER_WAY if ending.outcome == "unknown" else NOT_SENT, KEPT)

    def forget_failures(self) -> None:
        """Another may have sent since what failed here; Redis is to be asked again."""
        self._ended = OrderedDict((key, ended) for key, ended in self._ended.items() if ended.outcome in _FINAL)

    async def _was_sent(self, key: str, value: str) -> None:
        """Nothing is told of a call after this, so it may be told late."""
        try:
            await self._store.put(place_of(key), value, KEPT)
        except CacheUnavailable:
            self._untold[key] = value
            if len(self._untold) > REMEMBERED:
                self._untold.popitem(last=False)
            self._late.set()

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
            return decode(OutboundCall, value.encode()) if value is not None else None
        except (CacheUnavailable, Undecodable):
            return None


def _read(value: str | None, now: float) -> Ending | None:
    """What a value in Redis says; nothing where it is none of ours."""
    if value == UNDER_WAY:
        return Ending("unknown", now, before=True)
    if value == NOT_SENT:
        return Ending("failed", now, before=True)
    if (sent := sent_as(value)) is None:
        return None
    return Ending("sent", sent.at, message_id=sent.message_id, before=True, amended_at=sent.amended_at)
