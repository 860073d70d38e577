"""Owns what follows from a 429: the chat is silent for as long as Telegram said; if two chats are hit, everything is.

One chat that is hit had too much of its own. Two within a window mean that the bot has, and every further call would
make it worse. Pure: time is an argument, seconds on one monotonic clock.
"""

from typing import Final

FLOOD_WINDOW: Final = 10.0
"""Seconds within which a second chat's 429 silences everything."""


class Floods:
    """Remembers the last 429 of each chat for a window."""

    def __init__(self) -> None:
        self._hits: dict[int, tuple[float, float]] = {}

    def hit(self, chat_id: int, now: float, retry_after: float) -> float | None:
        """Count a 429.

        Returns:
            Until when nothing at all may go out; None if only this chat is to be silent, until `now + retry_after`.
        """
        self._hits = {chat: hit for chat, hit in self._hits.items() if now - hit[0] < FLOOD_WINDOW or now < hit[1]}
        _, until = self._hits.get(chat_id, (now, now))
        self._hits[chat_id] = (now, max(until, now + retry_after))
        recent = [end for at, end in self._hits.values() if now - at < FLOOD_WINDOW]
        return max(recent) if len(recent) > 1 else None
