"""Owns what one chat takes: about one message a second in private, twenty a minute in a group.

Sources: Telegram's FAQ for bots ("avoid sending more than one message per second", "20 messages per minute to the same
group"; short bursts are tolerated). A call is counted when its answer came, which is after it arrived; so whatever the
way takes, we never think that a chat has had more rest than it had.

Pure: time is an argument, seconds on one monotonic clock.
"""

from collections import deque
from typing import Final

INTERVAL: Final = 1.05
"""Seconds in which a private chat takes one message more; the hundredths are for clocks and ways that differ."""
BURST: Final = 2
"""Messages that a rested private chat takes at once."""
CAUTION: Final = 3.0
"""Seconds after a takeover for which every private chat is taken for one that has had a message already."""
GROUP_CALLS: Final = 20
GROUP_WINDOW: Final = 60.05
"""Messages and edits that a group takes in so many seconds."""


class PrivateLimit:
    """A bucket of BURST messages that gains one each INTERVAL."""

    __slots__ = ("_at", "_level")

    def __init__(self, now: float, *, cautious: bool = False) -> None:
        self._at = now
        self._level = 1.0 if cautious else float(BURST)

    @property
    def free_at(self) -> float:
        """When the chat takes the next message."""
        return self._at + max(0.0, 1.0 - self._level) * INTERVAL

    @property
    def rested_at(self) -> float:
        """When the limit can be forgotten: it is as if the chat had never had a message."""
        return self._at + (BURST - self._level) * INTERVAL

    def spend(self, now: float) -> None:
        """Count a message."""
        self._level = min(float(BURST), self._level + (now - self._at) / INTERVAL) - 1.0
        self._at = now


class GroupLimit:
    """A log of the last GROUP_CALLS messages; after a takeover the minute before is taken for used evenly."""

    __slots__ = ("_spent",)

    def __init__(self, now: float, *, cautious: bool = False) -> None:
        pace = GROUP_WINDOW / GROUP_CALLS
        before = [now - pace * (GROUP_CALLS - n) for n in range(GROUP_CALLS)] if cautious else []
        self._spent = deque(before, maxlen=GROUP_CALLS)

    @property
    def free_at(self) -> float:
        """When the group takes the next message."""
        return self._spent[0] + GROUP_WINDOW if len(self._spent) == GROUP_CALLS else 0.0

    @property
    def rested_at(self) -> float:
        """When the limit can be forgotten."""
        return self._spent[-1] + GROUP_WINDOW if self._spent else 0.0

    def spend(self, now: float) -> None:
        """Count a message or an edit."""
        self._spent.append(now)


ChatLimit = PrivateLimit | GroupLimit


class ChatLimits:
    """Makes the limit of each chat that comes up; groups have negative ids."""

    def __init__(self) -> None:
        self._took_over_at: float | None = None

    def restart(self, now: float) -> None:
        """What others sent before this moment is not known."""
        self._took_over_at = now

    def of(self, chat_id: int, now: float) -> ChatLimit:
        """The limit of a chat to which this process has sent nothing for a while."""
        since = self._took_over_at
        if chat_id < 0:
            unsure = since is not None and now - since < GROUP_WINDOW
            return GroupLimit(since if unsure and since is not None else now, cautious=unsure)
        return PrivateLimit(now, cautious=since is not None and now - since < CAUTION)
