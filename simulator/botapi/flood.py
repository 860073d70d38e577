"""Telegram's flood limits: overall, for a private chat, for a group. Pure: `now` is an argument."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """How much is allowed; the defaults are Telegram's own figures."""

    overall: int = 30
    window: float = 1.0
    chat_rate: float = 1.0
    chat_burst: int = 3
    group_calls: int = 20
    group_window: float = 60.0


class SlidingWindow:
    """At most `limit` arrivals in any half-open window of `width` seconds; refused arrivals count as well.

    Calls come over many connections, and a busy simulator gets round to them in another order than that of their
    arrival. Each is judged by those that arrived before it; LATE seconds behind the latest it is too late to say.
    """

    LATE = 60.0

    def __init__(self, limit: int, width: float) -> None:
        self._limit = limit
        self._width = width
        self._arrived: list[float] = []

    def arrive(self, now: float) -> float:
        """Count an arrival; 0 when it is allowed, otherwise the seconds until one would be."""
        place = bisect.bisect_right(self._arrived, now)
        before = self._arrived[max(0, place - self._limit) : place]
        self._arrived.insert(place, now)
        del self._arrived[: bisect.bisect_left(self._arrived, self._arrived[-1] - self._width - self.LATE)]
        if len(before) < self._limit or now - before[0] >= self._width:
            return 0.0
        following = before[1] if self._limit > 1 else now
        return max(following + self._width - now, 0.001)


class Bucket:
    """`rate` a second, and `burst` at once after a rest; what is refused costs nothing."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._level = float(burst)
        self._at = -math.inf

    def arrive(self, now: float) -> float:
        """Take one; 0 when there was one, otherwise the seconds until there is."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level >= 1.0:
            self._level -= 1.0
            return 0.0
        return (1.0 - self._level) / self._rate


class Flood:
    """Both sides of the limit; each answer is the `retry_after` in whole seconds, or 0 when the call may pass."""

    def __init__(self, limits: FloodLimits) -> None:
        self._limits = limits
        self._overall = SlidingWindow(limits.overall, limits.window)
        self._chats: dict[int, Bucket | SlidingWindow] = {}

    def overall(self, now: float) -> int:
        """Count a call against everything the bot may send."""
        return math.ceil(self._overall.arrive(now))

    def chat(self, chat_id: int, now: float) -> int:
        """Count a call against what one chat takes; groups have negative ids."""
        limit = self._chats.get(chat_id)
        if limit is None:
            limit = self._chats[chat_id] = self._limit_of(chat_id)
        return math.ceil(limit.arrive(now))

    def _limit_of(self, chat_id: int) -> Bucket | SlidingWindow:
        limits = self._limits
        if chat_id < 0:
            return SlidingWindow(limits.group_calls, limits.group_window)
        return Bucket(limits.chat_rate, limits.chat_burst)
