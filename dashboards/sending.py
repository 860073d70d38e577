"""Owns "The sender and the cap": what goes to Telegram, what waits for it, and what Telegram says."""

from typing import Final

from dashboards.figures import LAST_IN_LINE, PENDING_UPDATES, SENDERS, SILENCED
from dashboards.kinds import Figure, Lines
from dashboards.page import Page, Row
from dashboards.panel import GOOD, WARNING, Limits
from dashboards.questions import (
    EACH_SECOND,
    RATE,
    SHORT,
    WAITING,
    bad_share,
    burning,
    or_nobody,
    per_second,
    quantiles,
)
from ops.plan.page import CAP
from ops.rules.objectives import REPLIES
from shared.topology import BULK, ENRICHMENT, FILES, INTERACTIVE

OUTBOUND: Final = "|".join(queue.name.replace(".", r"\\.") for queue in (INTERACTIVE, ENRICHMENT, BULK, FILES))

USED: Final = Figure(
    title="The cap, in the last 10 s",
    normal=(
        f"Near {CAP.pace / CAP.rate:.0%} while replies wait: the rest is the guard against jitter. Little when nobody"
        " waits. Never over 100 %."
    ),
    queries={"": "max(sender_cap_used_ratio)"},
    width=4,
    unit="percentunit",
    # Of what is more than all the rounding is no part.
    limits=Limits(1.001),
    runbooks=("CapOverrun", "TwoActiveSenders"),
)
PAUSED: Final = Figure(
    title="Paused by an operator",
    normal="Nothing is. What is paused waits in RabbitMQ until `fleet resume`.",
    queries={"{{priority}}": "max by (priority) (sender_paused)"},
    width=8,
    words={0: ("goes", GOOD), 1: ("paused", WARNING)},
    runbooks=("RepliesStuck",),
)
CALLS: Final = Lines(
    title="Calls to Telegram, by outcome",
    normal=(
        f"sent, at most {RATE} a second, the dashed line. unreachable: people who blocked the bot. flood is Telegram's"
        " 429, failed and unknown are a bad way to Telegram: all three come again."
    ),
    queries={"{{outcome}}": or_nobody(per_second("sender_calls_total", "outcome"), "outcome", "none yet")},
    width=12,
    unit="cps",
    limits=Limits(RATE),
    runbooks=("CapOverrun", "RepliesStuck"),
)
SHARES: Final = Lines(
    title="Who uses the cap",
    normal="interactive before all. enrichment and bulk take only what replies leave.",
    queries={"{{priority}}": or_nobody(per_second("sender_calls_total", "priority"), "priority", "none yet")},
    width=6,
    unit="cps",
    limits=Limits(RATE),
)
IN_FLIGHT: Final = Lines(
    title="Calls without an answer yet",
    normal="A few: calls a second times the seconds that each takes. Many more, and Telegram or the way to it is slow.",
    queries={"in flight": "sum(sender_in_flight)"},
    width=6,
)
IN_QUEUES: Final = Lines(
    title="In RabbitMQ, by queue",
    normal="outbound.interactive is the crowd; outbound.bulk may hold a campaign of hours, and delays no reply.",
    queries={"{{queue}}": f'max by (queue) ({WAITING}{{queue=~"{OUTBOUND}"}})'},
    width=8,
    runbooks=("RepliesStuck", "QueueNearlyFull"),
)
IN_MEMORY: Final = Lines(
    title="Of these in the sender's memory",
    normal="What the sender chooses from. A window of each queue, so it stops growing long before the queue does.",
    queries={"{{priority}}": "max by (priority) (sender_waiting)"},
    width=8,
)
OLDEST: Final = Lines(
    title="Age of the oldest in memory",
    normal="interactive: at most people / 30 s. bulk may be hours old.",
    queries={"{{priority}}": "max by (priority) (sender_oldest_seconds)"},
    width=8,
    unit="s",
    runbooks=("RepliesStuck",),
)
TOLD: Final = Lines(
    title="From our door to Telegram's answer",
    normal="0.1 s when nobody waits; of a crowd at once half within half of people / 30 s.",
    queries=quantiles("sender_reply_seconds"),
    width=8,
    unit="s",
    runbooks=("RepliesBurn",),
)
FELT: Final = Lines(
    title="From the tap to Telegram's answer",
    normal="The same and up to a second more: Telegram's date has whole seconds. Much more: it waited before our door.",
    queries=quantiles("sender_told_seconds"),
    width=8,
    unit="s",
    runbooks=("WebhookPending", "RepliesBurn"),
)
LATE: Final = Lines(
    title="Replies later than their place explains",
    normal=(
        f"Under {REPLIES.budget:.0%}, however large the crowd: who waits for the cap alone is not late. Over the dashed"
        f" line, {burning(REPLIES):.0%} for {SHORT}, somebody is called."
    ),
    queries={"of all, in 5 min": f"max({bad_share(REPLIES)} >= 0) or 0 * count({bad_share(REPLIES)})"},
    width=8,
    unit="percentunit",
    limits=Limits(burning(REPLIES)),
    runbooks=("RepliesBurn",),
)
ANSWERS: Final = Lines(
    title="Telegram answers within",
    normal="0.05 to 0.2 s. getWebhookInfo is asked every 15 s.",
    queries=quantiles("sender_call_seconds", by="method"),
    width=8,
    unit="s",
)
SAVED: Final = Lines(
    title="Calls saved",
    normal="enrichment: addresses that went inside their reply, so one call tells both. More waits, more is saved.",
    queries={"{{kind}}": or_nobody(per_second("sender_merged_total", "kind"), "kind", "none yet")},
    width=8,
    unit="cps",
)
FLOODS: Final = Lines(
    title="Silences that Telegram wanted",
    normal="None for everybody. Some for a chat are its own cap: one message a second, twenty a minute in a group.",
    queries={"{{scope}}": f"sum by (scope) (increase(sender_floods_total{EACH_SECOND}))"},
    width=8,
    limits=Limits(1),
    runbooks=("CapOverrun",),
)
WAITS_THERE: Final = Lines(
    title="Waiting at Telegram",
    normal="0, in a burst some for a moment.",
    queries={"updates": "max(sender_webhook_pending)"},
    width=6,
    limits=PENDING_UPDATES.limits,
    runbooks=("WebhookPending",),
)
ERRORS: Final = Lines(
    title="Errors of our webhook, in 10 min",
    normal="0. Telegram could not connect or got no 2xx; it tries again. A takeover may show one old one.",
    queries={"seen": "max(changes(sender_webhook_last_error_timestamp_seconds[10m]))"},
    width=6,
    limits=Limits(2),
    runbooks=("WebhookErrors", "WebhookBurn"),
)
DRIFT: Final = Lines(
    title="Settings that Telegram holds otherwise",
    normal="0 of each. `fleet webhook plan` shows what differs, `fleet webhook apply` mends it.",
    queries={"{{setting}}": or_nobody("max by (setting) (sender_webhook_drift)", "setting", "none (polling)")},
    width=6,
    limits=Limits(1),
    runbooks=("WebhookElsewhere", "WebhookDrift"),
)
TAKEOVERS: Final = Lines(
    title="Takeovers of the right to send, in 15 min",
    normal="0; one bequeathed for each sender that a rollout replaces. lapsed: one went without a word.",
    queries={"{{how}}": or_nobody("sum by (how) (increase(sender_takeovers_total[15m]))", "how", "none yet")},
    width=6,
    runbooks=("NoActiveSender", "TwoActiveSenders"),
)
SENDING: Final = Page(
    uid="fleet-sender",
    title="The sender and the cap",
    description="What goes to Telegram and what waits for it. Each panel says what is normal.",
    rows=(
        Row("Is the cap held, and used?", 4, (USED, SILENCED, SENDERS, PAUSED, LAST_IN_LINE)),
        Row("What goes", 8, (CALLS, SHARES, IN_FLIGHT)),
        Row("What waits", 8, (IN_QUEUES, IN_MEMORY, OLDEST)),
        Row("What people feel", 8, (TOLD, FELT, LATE)),
        Row("What Telegram says", 8, (ANSWERS, SAVED, FLOODS)),
        Row("What lies before our door", 7, (WAITS_THERE, ERRORS, DRIFT, TAKEOVERS)),
    ),
)
