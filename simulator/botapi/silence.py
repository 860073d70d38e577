"""Owns the silences that 429s ask for: how long each lasts, and who could know of it. Pure: moments are arguments.

A silence is one chat's, or everybody's. It begins with the call that was answered 429 and lasts for `retry_after`
seconds, whatever arrives meanwhile. A call within it is refused. It *breaks* the silence if its caller knew: had been
told by an answer, for this chat, or for a second chat if the silence is everybody's, since one 429 does not say whose
it is. What was on its way before the answer could be acted on breaks nothing; REACTION seconds are granted for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

REACTION = 0.25
"""Seconds from an answer's writing to the moment from which its caller must act by it."""
_TWO = 2


@dataclass(slots=True)
class Silence:
    """One silence; moments are time.monotonic()."""

    since: float
    until: float
    everybody: bool
    told: dict[int | None, float] = field(default_factory=dict)
    """When the first answer for each chat was written."""

    def holds(self, now: float) -> bool:
        """Whether it has begun and is not over."""
        return self.since <= now < self.until

    def known_to(self, chat_id: int | None, now: float) -> bool:
        """Whether a caller for this chat must have known by then."""
        heard = {chat for chat, at in self.told.items() if at + REACTION <= now}
        return chat_id in heard or (self.everybody and len(heard) >= _TWO)


class Silences:
    """The silence of everybody, and that of each chat, that came last."""

    def __init__(self) -> None:
        self._everybody: Silence | None = None
        self._chats: dict[int | None, Silence] = {}

    def begin(self, chat_id: int | None, now: float, retry_after: int, *, everybody: bool) -> None:
        """Ask for silence by the call that arrived now for that chat."""
        silence = Silence(now, now + retry_after, everybody)
        if everybody:
            self._everybody = silence
        else:
            self._chats[chat_id] = silence

    def seconds_left(self, chat_id: int | None, now: float) -> int:
        """What is left of the silences in which a call for that chat arrives, in whole seconds, rounded up; or 0."""
        return max((math.ceil(silence.until - now) for silence in self._over(chat_id, now)), default=0)

    def broken_by(self, chat_id: int | None, now: float) -> Silence | None:
        """The silence that a call for that chat breaks when it arrives now."""
        return next((silence for silence in self._over(chat_id, now) if silence.known_to(chat_id, now)), None)

    def tell(self, chat_id: int | None, now: float) -> None:
        """Note that a 429 was written now to the caller of a call for that chat."""
        for silence in self._over(chat_id, now):
            silence.told.setdefault(chat_id, now)

    def _over(self, chat_id: int | None, now: float) -> list[Silence]:
        both = (self._everybody, self._chats.get(chat_id))
        return [silence for silence in both if silence is not None and silence.holds(now)]
