"""What happened, as seen from Telegram's side: calls that arrived, and what the webhook answered."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.changes import Changes


class Outcome(enum.StrEnum):
    """How a call ended."""

    PENDING = "pending"
    OK = "ok"
    REFUSED = "refused"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    SILENT = "silent"
    """Done, and never answered."""
    ERROR_AFTER = "error after"
    """Done, and answered as a server's error."""
    LOST = "lost"
    """The client went away before its call was read."""


DONE = frozenset({Outcome.OK, Outcome.RESET_AFTER, Outcome.SILENT, Outcome.ERROR_AFTER})
A_SERVERS_ERROR = 500


class Rule(enum.StrEnum):
    """What a violation violates."""

    SCHEMA = "schema"
    CHAT_SILENCE = "silence of the chat"
    SILENCE = "silence of everybody"


@dataclass(frozen=True, slots=True)
class Violation:
    """What a well-behaved client never does, be it refused by Telegram or overlooked."""

    rule: Rule
    method: str
    what: str
    chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a request reached the server: `at` by time.monotonic(), `wall` by time.time()."""

    at: float
    wall: float

    @classmethod
    def stamped(cls, at: float) -> Arrival:
        """The arrival at that moment of time.monotonic()."""
        return cls(at, time.time() - (time.monotonic() - at))


@dataclass(slots=True)
class Call:
    """One call of a method."""

    arrived: float
    wall: float
    method: str
    chat_id: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.PENDING
    status: int | None = None
    """The HTTP status of the answer; None while pending and for a connection that was reset."""
    description: str = ""
    message_id: int | None = None
    answered: float | None = None
    """When the answer was written to a caller that was still there, by time.monotonic()."""
    over: bool = False
    """Whether nothing more comes: it was answered, or its caller or its connection is gone."""

    @property
    def done(self) -> bool:
        """Whether the person sees what the call was to do, known to the caller or not."""
        return self.outcome in DONE

    @property
    def known(self) -> bool:
        """Whether its caller was told what became of it; a server's error tells nothing.

        A caller that died between the writing of the answer and its reading counts as told.
        """
        return self.answered is not None and (self.status or A_SERVERS_ERROR) < A_SERVERS_ERROR

    @property
    def doubtful(self) -> bool:
        """Whether it was done and its caller cannot know: the only calls that may be made once more."""
        return self.done and self.over and not self.known

    @property
    def sent_a_message(self) -> bool:
        """Whether it brought a new message to the person, and not an edit."""
        return self.done and self.method.startswith("send")


@dataclass(slots=True)
class WebhookTry:
    """One request to the webhook; stamps are time.monotonic()."""

    update_id: int
    kind: str
    chat_id: int | None
    number: int
    """1 for the first try of this update."""
    sent: float
    answered: float | None = None
    status: int | None = None
    """None when no answer came; then `error` tells why."""
    error: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the webhook took the update."""
        return self.status is not None and 200 <= self.status <= 299  # noqa: PLR2004 - HTTP's success


class Ledger:
    """Append-only; `calls` holds what counts against the flood limits, `other_calls` the rest."""

    def __init__(self, changes: Changes) -> None:
        self.calls: list[Call] = []
        self.other_calls: list[Call] = []
        self.webhook: list[WebhookTry] = []
        self.violations: list[Violation] = []
        self.ended = 0
        """How many calls have ended, of either kind."""
        self._changes = changes

    def open_call(self, arrival: Arrival, method: str, *, counted: bool) -> Call:
        """Enter a call at the moment of its arrival."""
        call = Call(arrival.at, arrival.wall, method)
        (self.calls if counted else self.other_calls).append(call)
        self._changes.tell()
        return call

    def close_call(self, call: Call, outcome: Outcome, status: int | None = None, description: str = "") -> None:
        """Enter how a call ended."""
        call.outcome, call.status, call.description = outcome, status, description
        self.ended += 1
        self._changes.tell()

    def settle(self, call: Call, *, answered: bool) -> None:
        """Enter that nothing more comes for a call, and whether its answer was written."""
        call.answered = time.monotonic() if answered else None
        call.over = True
        self._changes.tell()

    def blame(self, call: Call, rule: Rule, what: str) -> None:
        """Enter that a call violates a rule."""
        self.violations.append(Violation(rule, call.method, what, call.chat_id))

    def blame_stranger(self, method: str, what: str) -> None:
        """Enter that a call was not even let in: its method or its token is wrong."""
        self.violations.append(Violation(Rule.SCHEMA, method, what))

    def open_try(self, entry: WebhookTry) -> None:
        """Enter a request to the webhook."""
        self.webhook.append(entry)
        self._changes.tell()

    def close_try(self, entry: WebhookTry, status: int | None, error: str) -> None:
        """Enter what the webhook answered."""
        entry.answered, entry.status, entry.error = time.monotonic(), status, error
        self._changes.tell()

    def calls_to(self, chat_id: int) -> list[Call]:
        """The counted calls for one chat, in order of arrival."""
        return [call for call in self.calls if call.chat_id == chat_id]
