"""Owns the figures that stand on more than one dashboard."""

from typing import Final

from dashboards.kinds import Figure
from dashboards.panel import BAD, GOOD, Limits
from dashboards.questions import WAITING, or_none
from ops.plan.page import CAP
from ops.rules.telegram import PENDING
from shared.topology import INTERACTIVE

SENDERS: Final = Figure(
    title="Senders with the right to send",
    normal="Exactly 1. For some seconds of a takeover 0; then replies wait, and nothing is lost.",
    queries={"": or_none("sum(sender_active)")},
    width=4,
    words={0: ("nobody", BAD), 1: ("1", GOOD), **{many: (str(many), BAD) for many in (2, 3)}},
    runbooks=("NoActiveSender", "TwoActiveSenders"),
)
SILENCED: Final = Figure(
    title="Silences of the whole bot",
    normal="0 in ten minutes: the cap is held. Only if somebody else uses our token too is the whole bot told 429.",
    queries={"": 'sum(increase(sender_floods_total{scope="everybody"}[10m]))'},
    width=4,
    limits=Limits(1),
    runbooks=("CapOverrun",),
)
DEAD: Final = Figure(
    title="Dead letters",
    normal="0. Each may be somebody's check-in or reply that nobody could handle; it stays until somebody looks.",
    queries={"": f'sum(max by (queue) ({WAITING}{{queue=~"dead\\\\..+"}}))'},
    width=4,
    limits=Limits(1),
    runbooks=("DeadLetters",),
)
PENDING_UPDATES: Final = Figure(
    title="Waiting at Telegram",
    normal=(
        f"Updates that have not come to our door: 0, in a burst some for a moment. Over {PENDING} for five minutes"
        " nobody is being recorded, whatever else is green. The active sender asks each 15 s, when nothing else can go."
    ),
    queries={"": "max(sender_webhook_pending)"},
    width=4,
    limits=Limits(PENDING),
    runbooks=("WebhookPending", "WebhookElsewhere"),
)
LAST_IN_LINE: Final = Figure(
    title="The last in line is told in",
    normal=(
        f"What waits in {INTERACTIVE.name}, at {CAP.pace:.1f} calls a second: 34 s for a thousand people at once, which"
        " is the cap's doing and nobody's fault. It must fall by a second each second."
    ),
    queries={"": f'max({WAITING}{{queue="{INTERACTIVE.name}"}}) / {CAP.pace:.2f}'},
    width=4,
    unit="s",
    runbooks=("RepliesStuck", "RepliesBurn"),
)
