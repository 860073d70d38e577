"""Owns the silences that Telegram asked for: whose they are, until when, and that whoever sends next keeps them too.

In memory for this process, in Redis for the one that takes over. Redis away at that moment: the next sender does not
know of them, and hears of them again from Telegram. The clock that two machines share is the wall's, which may be set:
no silence lasts longer from any moment on than Telegram asked for at first.
"""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from sender.places import PlaceStore
from shared.errors import CacheUnavailable

EVERYBODY: Final = 0
"""Stands for all chats; no chat has this number."""
_KEY: Final = "silences"


class Silence(msgspec.Struct, frozen=True, array_like=True):
    """Until when (unix seconds), and how long it was to be."""

    until: float
    seconds: float

    def left(self, now: float) -> float:
        """Seconds that are left of it."""
        return min(self.until - now, self.seconds)


class Silences:
    """How long each chat is to be left alone."""

    def __init__(self, store: PlaceStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._silences: dict[int, Silence] = {}

    async def keep(self, chat_id: int, seconds: float) -> None:
        """Write down that this chat, or EVERYBODY, is to be silent for so many seconds from now."""
        now = self._clock()
        self._silences = {chat: silence for chat, silence in self._silences.items() if silence.left(now) > 0}
        known = self._silences.get(chat_id)
        if known is None or known.left(now) < seconds:
            self._silences[chat_id] = Silence(now + seconds, seconds)
        lasts = int(max(silence.left(now) for silence in self._silences.values())) + 1
        try:
            await self._store.put(_KEY, msgspec.json.encode(self._silences).decode(), lasts)
        except CacheUnavailable:
            return  # this process still knows

    async def left(self) -> dict[int, float]:
        """Seconds that are left of each silence, this process's and those that it finds in Redis."""
        now = self._clock()
        try:
            found = await self._store.get(_KEY)
            for chat, silence in msgspec.json.decode(found or "{}", type=dict[int, Silence]).items():
                known = self._silences.get(chat)
                if known is None or known.left(now) < silence.left(now):
                    self._silences[chat] = silence
        except (CacheUnavailable, msgspec.MsgspecError):
            found = None  # as said above
        return {chat: left for chat, silence in self._silences.items() if (left := silence.left(now)) > 0}
