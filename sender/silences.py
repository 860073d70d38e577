"""Owns the silences that Telegram asked for: whose they are, until when, and that whoever sends next keeps them too.

In memory for this process, in Redis for the one that takes over. Redis away at that moment: the next sender does not
know of them, and hears of them again from Telegram.
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


class Silences:
    """Until when each chat is to be left alone, in unix seconds."""

    def __init__(self, store: PlaceStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._until: dict[int, float] = {}

    async def keep(self, chat_id: int, seconds: float) -> None:
        """Write down that this chat, or EVERYBODY, is to be silent for so many seconds from now."""
        now = self._clock()
        self._until = {chat: until for chat, until in self._until.items() if until > now}
        self._until[chat_id] = max(now + seconds, self._until.get(chat_id, now))
        lasts = int(max(self._until.values()) - now) + 1
        try:
            await self._store.put(_KEY, msgspec.json.encode(self._until).decode(), lasts)
        except CacheUnavailable:
            return  # this process still knows

    async def left(self) -> dict[int, float]:
        """Seconds that are left of each silence, this process's and those that it finds in Redis."""
        try:
            found = await self._store.get(_KEY)
            for chat, until in msgspec.json.decode(found or "{}", type=dict[int, float]).items():
                self._until[chat] = max(until, self._until.get(chat, until))
        except (CacheUnavailable, msgspec.MsgspecError):
            found = None  # as said above
        now = self._clock()
        return {chat: until - now for chat, until in self._until.items() if until > now}
