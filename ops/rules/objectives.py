"""Owns what we promise, and when the promise is being broken too fast.

An objective says which share of events may be bad in 30 days: its budget. The burn rate is how many times faster than
evenly the budget is being spent. The windows and factors are those of Google's Site Reliability Workbook, chapter 5,
"Alerting on SLOs", table 5-8: https://sre.google/workbook/alerting-on-slos/. The long window says that it matters, the
short one that it still goes on. Where few people check in, one bad event is a large share of an hour, so some must be
bad before anybody is called, as the chapter's part on services of low traffic wants it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from ops.rules.rule import Alert, Group, Record, Severity

FEWEST: Final = 5
"""Bad events in the long window without which nobody is called."""


class Burn(NamedTuple):
    """A rate of burning that somebody is called for, over two windows."""

    long: str
    short: str
    factor: float


BURNS: Final[dict[Severity, tuple[Burn, Burn]]] = {
    "page": (Burn("1h", "5m", 14.4), Burn("6h", "30m", 6)),
    "ticket": (Burn("1d", "2h", 3), Burn("3d", "6h", 1)),
}
"""They spend 2 %, 5 %, 10 % and 10 % of the month's budget within the long window."""
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True, slots=True)
class Objective:
    """A share of events that shall be good.

    Attributes:
        name: as the label `objective` has it.
        alert: the name of its alerts.
        good_percent: of all events, over 30 days.
        bad, every: PromQL of the bad events and of all; FUNCTION and WINDOW stand for a function such as `rate` and its
            range.
        summary: of its alerts.
        meaning: what a bad event is, for people.
    """

    name: str
    alert: str
    good_percent: float
    bad: str
    every: str
    summary: str
    meaning: str

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return round(1 - self.good_percent / 100, 6)


WEBHOOK: Final = Objective(
    name="webhook",
    alert="WebhookBurn",
    good_percent=99.95,
    # Telegram's own requests only: who does not show the secret gets a 4xx, and is nobody's check-in.
    bad='sum(FUNCTION(ingress_webhook_requests_total{status=~"5.."}[WINDOW]))',
    every='sum(FUNCTION(ingress_webhook_requests_total{status=~"2..|5.."}[WINDOW]))',
    summary="Telegram's webhooks are refused",
    meaning="webhooks are not answered with 2xx",
)
RECORDED: Final = Objective(
    name="recorded",
    alert="RecordedBurn",
    good_percent=99.9,
    bad=(
        "(sum(FUNCTION(fleet_update_seconds_count[WINDOW]))"
        ' - sum(FUNCTION(fleet_update_seconds_bucket{le="1.0"}[WINDOW])))'
    ),
    every="sum(FUNCTION(fleet_update_seconds_count[WINDOW]))",
    summary="Check-ins are recorded late",
    meaning="updates take longer than a second from our door to the database",
)
REPLIES: Final = Objective(
    name="replies",
    alert="RepliesBurn",
    good_percent=99.0,
    bad="sum(FUNCTION(sender_late_replies_total[WINDOW]))",
    every="sum(FUNCTION(sender_reply_seconds_count[WINDOW]))",
    summary="Replies come later than their place in the queue explains",
    meaning="replies take half a second longer than the calls before them",
)
OBJECTIVES: Final = (WEBHOOK, RECORDED, REPLIES)


def _records(objective: Objective) -> Iterator[Record]:
    for window in WINDOWS:
        bad, every = (_over(part, "rate", window) for part in (objective.bad, objective.every))
        yield Record(f"objective:bad:ratio_rate{window}", f"{bad}\n/ {every}", objective.name)


def _alert(objective: Objective, severity: Severity) -> Alert:
    return Alert(
        name=objective.alert,
        severity=severity,
        expr="\nor\n".join(_burns(objective, burn) for burn in BURNS[severity]),
        lasts="0s",
        summary=objective.summary,
        description=(
            f"{{{{ $value | humanizePercentage }}}} of {objective.meaning}; over 30 days {objective.budget:.2%} may."
        ),
    )


def _burns(objective: Objective, burn: Burn) -> str:
    chosen, limit = f'{{objective="{objective.name}"}}', f"{burn.factor:g} * {objective.budget:g}"
    return (
        f"(\n"
        f"  objective:bad:ratio_rate{burn.long}{chosen} > {limit}\n"
        f"  and objective:bad:ratio_rate{burn.short}{chosen} > {limit}\n"
        f"  and on () {_over(objective.bad, 'increase', burn.long)} >= {FEWEST}\n"
        f")"
    )


def _over(part: str, function: str, window: str) -> str:
    return part.replace("FUNCTION", function).replace("WINDOW", window)


GROUP: Final = Group(
    "objectives",
    [
        # What is recorded comes before the alerts that read it.
        *(record for objective in OBJECTIVES for record in _records(objective)),
        *(_alert(objective, severity) for objective in OBJECTIVES for severity in BURNS),
    ],
)
