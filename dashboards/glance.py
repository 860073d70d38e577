"""Owns "The fleet at a glance": whether somebody has to get up, and where to look then."""

from typing import Final, get_args

from dashboards.figures import DEAD, LAST_IN_LINE, PENDING_UPDATES, SENDERS, SILENCED
from dashboards.kinds import Figure, Lines, States
from dashboards.page import Page, Row
from dashboards.panel import BAD, GOOD, Limits, Panel
from dashboards.questions import (
    OURS,
    RATE,
    SHORT,
    WAITING,
    bad_share,
    burning,
    good,
    or_nobody,
    or_none,
    per_second,
    quantiles,
)
from ops.rules.__main__ import GROUPS
from ops.rules.objectives import RECORDED, REPLIES, WEBHOOK, Objective
from ops.rules.rule import Alert, Severity
from ops.rules.services import RETRIES, SERVICES

ALERTS: Final = sorted({rule.name for group in GROUPS for rule in group.rules if isinstance(rule, Alert)})
COPIES: Final = 2
"""Of a service, so that one may die."""
TITLES: Final = {RECORDED: "Recorded within 1 s", REPLIES: "Replies in their place", WEBHOOK: "Webhooks answered"}
MEANINGS: Final = {
    RECORDED: "Of the updates of the last minutes those that were in the database a second after they came to us.",
    REPLIES: "Of the replies those that came no later than half a second and their place in the queue explain.",
    WEBHOOK: "Of Telegram's requests to /webhook those that got 200. The others come again by themselves.",
}


def _firing(severity: str = ".+") -> str:
    """Our alerts that fire: a Prometheus of others has theirs too."""
    return f'ALERTS{{alertstate="firing", severity=~"{severity}", alertname=~"{"|".join(ALERTS)}"}}'


def _promise(objective: Objective) -> Figure:
    return Figure(
        title=TITLES[objective],
        normal=(
            f"{MEANINGS[objective]} Normal: {objective.good_percent:g} % and more, over {SHORT}. Orange spends the"
            " month's budget too fast, red so fast that somebody is called; 100 % is also what a quiet hour shows."
        ),
        queries={"": good(objective)},
        width=4,
        unit="percentunit",
        decimals=2,
        limits=Limits(round(1 - burning(objective), 6), round(1 - objective.budget, 6), falling=True),
        runbooks=(objective.alert,),
    )


CALLED: Final = Figure(
    title="Alerts that fire",
    normal="0 and 0. A page: people feel it or soon will. A ticket: within a working day. Which they are stands below.",
    # No alert fires where no rule is looked at either: then there are no recorded shares.
    queries={
        severity: f"count({_firing(severity)}) or 0 * count({bad_share(RECORDED)})" for severity in get_args(Severity)
    },
    width=4,
    limits=Limits(1),
)
READY: Final = Figure(
    title="Ready copies",
    normal=f"{COPIES} or more of each. Orange: one that dies now is missed. Red: nobody does this work.",
    queries={service: or_none(f'sum(fleet_ready{{service="{service}"}})') for service in SERVICES},
    width=12,
    limits=Limits(1, COPIES, falling=True),
    runbooks=("ServiceDown", "ServiceNotReady", "TargetDown"),
)
QUEUES: Final = Lines(
    title="What waits where",
    normal=(
        "Before 11:00 outbound.interactive: all that the cap has not let through yet. updates must be empty again"
        " within a second or two; geo.* and outbound.enrichment may be long, and delay nobody. What waits at Telegram"
        " has not come to our door."
    ),
    queries={
        "{{queue}}": (
            f'max by (queue) ({WAITING}{{queue=~"updates|receipts|reports|outbound\\\\..+|geo\\\\.(requests|back.+)"}})'
        ),
        "failed, tried again later": f'sum(max by (queue) ({WAITING}{{queue=~"(retry|alone)\\\\..+"}}))',
        "at Telegram": "max(sender_webhook_pending)",
    },
    width=12,
    runbooks=("UpdatesNotHandled", "RepliesStuck", "QueueNearlyFull", "WebhookPending"),
)
HOW_LONG: Final = Lines(
    title="From our door until recorded, and until told",
    normal=(
        "Recorded: half within 0.1 s, nearly all within 1 s. Told: 0.1 s when nobody waits; when a crowd comes it grows"
        " to people / 30 s, and falls again."
    ),
    queries={
        **{f"recorded, {legend}": expr for legend, expr in quantiles("fleet_update_seconds").items()},
        **{f"told, {legend}": expr for legend, expr in quantiles("sender_reply_seconds").items()},
    },
    width=12,
    unit="s",
    runbooks=("RecordedBurn", "RepliesBurn"),
)
COMES_AND_GOES: Final = Lines(
    title="Each second",
    normal=f"Updates come as people do. Calls to Telegram stay under {RATE}, the dashed line; near it while many wait.",
    queries={
        "updates that came": per_second('ingress_updates_total{fate="queued"}'),
        "updates recorded": per_second('fleet_settled_total{queue="updates", fate="done"}'),
        "calls to Telegram": or_none(per_second("sender_calls_total")),
    },
    width=12,
    unit="cps",
    limits=Limits(RATE),
    runbooks=("UpdatesNotHandled", "RepliesStuck"),
)
ALERTS_WHEN: Final = States(
    title="Which alerts fire",
    normal="Nothing fires. A click on a band opens its runbook.",
    queries={"{{alertname}}": or_nobody(f"max by (alertname) ({_firing()})", "alertname", "none")},
    width=24,
    label="alertname",
    words={0: ("quiet", GOOD), 1: ("firing", BAD)},
)
AGAIN: Final = Lines(
    title="Messages that failed and are tried again, in 15 min",
    normal=f"0, or a few after an engine was away. Over {RETRIES}, the dashed line, something fails for good.",
    queries={
        "{{queue}}": or_nobody('sum by (queue) (increase(fleet_settled_total{fate="retry"}[15m]))', "queue", "none")
    },
    width=12,
    limits=Limits(RETRIES),
    runbooks=("RetriesGrow", "DeadLetters"),
)
PROCESSES: Final[tuple[Panel, ...]] = (
    Lines(
        title="Processor, by service",
        normal="Cores that all copies use together. In a burst the check-in workers use most; a sender uses little.",
        queries={"{{service}}": per_second(f"process_cpu_seconds_total{{{OURS}}}", "service")},
        width=6,
        unit="none",
    ),
    Lines(
        title="Memory of the largest copy",
        normal="About 100 MiB each, a geo worker with the offline table 160 MiB; however much waits, under 250 MiB.",
        queries={"{{service}}": f"max by (service) (process_resident_memory_bytes{{{OURS}}})"},
        width=6,
        unit="bytes",
    ),
    Lines(
        title="Age of the youngest copy",
        normal="It grows. Where it falls to 0 a copy began: a rollout, or one that died.",
        queries={"{{service}}": f"time() - max by (service) (process_start_time_seconds{{{OURS}}})"},
        width=6,
        unit="s",
        runbooks=("ServiceDown", "ServiceNotReady"),
    ),
    Lines(
        title="Copies by release, and those that drain",
        normal="One release; two while one is rolled out. What drains finishes what is in hand, 15 s at most.",
        queries={"{{version}}": "count by (version) (fleet_build_info)", "draining": "sum(fleet_draining)"},
        width=6,
    ),
)
GLANCE: Final = Page(
    uid="fleet-at-a-glance",
    title="The fleet at a glance",
    description="Whether everybody is recorded and told, and if not, who is ill. Each panel says what is normal.",
    rows=(
        Row(
            "Is everybody recorded, and told in their turn?",
            4,
            (*(_promise(objective) for objective in (RECORDED, REPLIES, WEBHOOK)), CALLED, DEAD, SILENCED),
        ),
        Row("Who is there?", 4, (READY, SENDERS, PENDING_UPDATES, LAST_IN_LINE)),
        Row("What waits, and how long does it take?", 8, (QUEUES, HOW_LONG)),
        Row("What comes, goes and fails?", 8, (COMES_AND_GOES, AGAIN)),
        Row("Since when?", 6, (ALERTS_WHEN,)),
        Row("The processes", 7, PROCESSES),
    ),
)
