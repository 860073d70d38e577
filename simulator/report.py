"""The figures of a run, out of the ledger and the chats: what was promised is judged by these."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.windows import drain_ratio, most_in_window, percentile

if TYPE_CHECKING:
    from simulator.chats import SeenMessage
    from simulator.ledger import Ledger, Rule, WebhookTry
    from simulator.server import Simulator

BARE_COORDINATES = re.compile(r"\d+\.\d+, \d+\.\d+")
PIN = "📍"


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds are seconds; None stands where there was nothing to measure."""

    calls: int
    refused: dict[int, int]
    """Calls by the status they were refused with."""
    doubtful: int
    """Calls that were done and whose callers cannot know."""
    violations: dict[Rule, int]
    most_in_one_second: int
    updates: int
    webhook_accepted: int
    webhook_tries: int
    webhook_p50: float | None
    webhook_p99: float | None
    reply_p50: float | None
    """From the first post of an update to the arrival of its reply."""
    reply_p99: float | None
    replies_per_person: dict[int, int]
    """How many people, of those who sent something, got so many messages."""
    with_address: int
    """People whose last reply, as it reads now, has an address."""
    first_update: float | None
    """By time.monotonic()."""
    last_reply: float | None
    last_call: float | None
    drain_ratio: float | None
    worst_lag: float

    @property
    def refused_calls(self) -> int:
        """All refused calls."""
        return sum(self.refused.values())

    @property
    def calls_per_update(self) -> float | None:
        """Calls for each update that the webhook took; for a crowd that only checks in, calls per check-in."""
        return self.calls / self.webhook_accepted if self.webhook_accepted else None


def figures(telegram: Simulator) -> Figures:
    """The figures so far."""
    ledger = telegram.ledger
    answers = [entry.answered - entry.sent for entry in ledger.webhook if entry.answered is not None]
    replies = reply_times(ledger)
    people = {entry.chat_id for entry in ledger.webhook if entry.chat_id is not None}
    got = Counter(call.chat_id for call in ledger.calls if call.sent_a_message)
    first = ledger.webhook[0].sent if ledger.webhook else None
    last = ledger.calls[-1].arrived if ledger.calls else None
    sent = [call.arrived for call in ledger.calls if call.sent_a_message]
    return Figures(
        calls=len(ledger.calls),
        refused=dict(Counter(call.status for call in ledger.calls if not call.done and call.status is not None)),
        doubtful=sum(call.doubtful for call in ledger.calls),
        violations=dict(Counter(violation.rule for violation in ledger.violations)),
        most_in_one_second=most_in_window(call.arrived for call in ledger.calls),
        updates=len({entry.update_id for entry in ledger.webhook}),
        webhook_accepted=len({entry.update_id for entry in ledger.webhook if entry.accepted}),
        webhook_tries=len(ledger.webhook),
        webhook_p50=percentile(answers, 50),
        webhook_p99=percentile(answers, 99),
        reply_p50=percentile(replies, 50),
        reply_p99=percentile(replies, 99),
        replies_per_person=dict(Counter(got[person] for person in people)),
        with_address=sum(answered_with_address(telegram.chat(person)) for person in people),
        first_update=first,
        last_reply=max(sent, default=None),
        last_call=last,
        drain_ratio=None if first is None or last is None else drain_ratio(first, last, len(ledger.calls)),
        worst_lag=telegram.lag.worst,
    )


def has_address(text: str) -> bool:
    """Whether a reply names a place: a line begins with the pin, and what follows is no bare pair of coordinates."""
    places = [line for line in text.splitlines() if line.startswith(PIN)]
    return bool(places) and not any(BARE_COORDINATES.search(line) for line in places)


def answered_with_address(messages: list[SeenMessage]) -> bool:
    """Whether the person's last location was answered, and the last answer, as it reads now, has an address."""
    answered = None
    for message in reversed(messages):
        if not message.from_bot:
            return answered is not None and "location" in message.raw and has_address(answered.text)
        answered = answered or message
    return False


def reply_times(ledger: Ledger) -> list[float]:
    """Seconds from the first post of each update to the next new message in its chat, each counted once."""
    posted: dict[int | None, list[WebhookTry]] = defaultdict(list)
    for entry in ledger.webhook:
        if entry.number == 1:
            posted[entry.chat_id].append(entry)
    times = []
    for call in ledger.calls:
        waiting = posted[call.chat_id]
        if call.sent_a_message and waiting and waiting[0].sent <= call.arrived:
            times.append(call.arrived - waiting.pop(0).sent)
    return times
