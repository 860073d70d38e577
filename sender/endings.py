"""Owns how a call can end, and what its end means for the message that brought it."""

from dataclasses import dataclass
from typing import Final, Literal

from shared.contracts import CallOutcome

NO_MESSAGE: Final = 0
"""Stands for the message of a call that made none."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a call.

    Attributes:
        outcome: as the receipt tells it; `returned`: nothing, the broker has it again.
        at: unix seconds.
        reason: Telegram's words, or ours.
        message_id: of the message that it made.
        doubtful: tries before of which nobody knows whether Telegram did them.
        before: it ended before this process had it.
        amended_at: when the change was made that the message has in it, unix seconds; 0 if it has none.
    """

    outcome: CallOutcome | Literal["returned"]
    at: float
    reason: str = ""
    message_id: int = NO_MESSAGE
    doubtful: int = 0
    before: bool = False
    amended_at: float = 0.0

    @property
    def dead(self) -> bool:
        """Whether somebody should look at it: it is to go to the dead letters."""
        return self.outcome in ("refused", "failed")
