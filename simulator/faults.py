"""What may go wrong on purpose: the faults a test or a demo asks of the Bot API while it runs."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field

from simulator.botapi.absence import Absence


class Fate(enum.Enum):
    """What happens to one call."""

    SERVED = enum.auto()
    SERVER_ERROR = enum.auto()
    FLOOD = enum.auto()
    """429, and the silence is everybody's."""
    FLOOD_CHAT = enum.auto()
    """429, and the silence is the chat's."""
    RESET_BEFORE = enum.auto()
    """The connection breaks before anything was done."""
    RESET_AFTER = enum.auto()
    """The message is sent, and the connection breaks instead of an answer."""
    SILENT = enum.auto()
    """The message is sent, and no answer comes for as long as the caller waits."""
    ERROR_AFTER = enum.auto()
    """The message is sent, and the answer is a server's error."""


_BEFORE = {"reset_before": Fate.RESET_BEFORE, "server_error": Fate.SERVER_ERROR, "flood": Fate.FLOOD}
_AFTER = {"reset_after": Fate.RESET_AFTER, "silent": Fate.SILENT, "error_after": Fate.ERROR_AFTER}


@dataclass(slots=True)
class Faults:
    """Change any field at any time; it holds from the next call on.

    Faults meet message-producing calls (send*, edit*) only, uploads included. `*_next` count down to 0; `*_rate` are
    probabilities. Where several apply, the first in the order of the fields wins. A call within a silence that a 429
    asked for is refused before any of them.
    """

    reset_before_next: int = 0
    reset_before_rate: float = 0.0
    server_error_next: int = 0
    server_error_rate: float = 0.0
    server_error_code: int = 502
    flood_next: int = 0
    flood_rate: float = 0.0
    flood_chats: dict[int, int] = field(default_factory=dict)
    """How many of the next calls of each chat are answered 429."""
    flood_chat_rate: float = 0.0
    flood_retry_after: int = 1
    """The `retry_after` of the 429s that are asked for here, in seconds."""
    reset_after_next: int = 0
    reset_after_rate: float = 0.0
    silent_next: int = 0
    silent_rate: float = 0.0
    error_after_next: int = 0
    error_after_rate: float = 0.0
    """These errors have the `server_error_code` too."""
    latency: tuple[float, float] = (0.0, 0.0)
    """An answer waits for a random time between these, in seconds; the message is sent at once."""
    blocked: set[int] = field(default_factory=set)
    """People who blocked the bot: 403."""
    absent: dict[int, Absence] = field(default_factory=dict)
    """Chats that cannot be written to, for any reason, whether the bot knows them or not."""
    duplicates: int = 1
    """How many times each update is posted to the webhook, though it was answered 2xx."""
    duplicate_rate: float = 0.0
    """The share of updates that are posted once more than that."""
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - no secret: repeatable faults

    def fate_of(self, chat_id: int | None) -> Fate:
        """Decide about one call, and count it where a number of calls was asked for."""
        for name, fate in _BEFORE.items():
            if self._strikes(name):
                return fate
        if self._floods(chat_id):
            return Fate.FLOOD_CHAT
        for name, fate in _AFTER.items():
            if self._strikes(name):
                return fate
        return Fate.SERVED

    def absence_of(self, chat_id: int) -> Absence | None:
        """Why this chat cannot be written to; None where it can."""
        return Absence.BLOCKED if chat_id in self.blocked else self.absent.get(chat_id)

    def posts(self) -> int:
        """How many times an update is posted in all, if each time it is taken."""
        return self.duplicates + self._happens(self.duplicate_rate)

    def answer_delay(self) -> float:
        """Seconds for which the next answer waits."""
        shortest, longest = self.latency
        return self.random.uniform(shortest, longest) if longest > 0 else 0.0

    def _strikes(self, name: str) -> bool:
        left: int = getattr(self, f"{name}_next")
        if left > 0:
            setattr(self, f"{name}_next", left - 1)
            return True
        return self._happens(getattr(self, f"{name}_rate"))

    def _floods(self, chat_id: int | None) -> bool:
        left = self.flood_chats.get(chat_id, 0) if chat_id is not None else 0
        if chat_id is not None and left > 0:
            self.flood_chats[chat_id] = left - 1
            return True
        return self._happens(self.flood_chat_rate)

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self.random.random() < rate
