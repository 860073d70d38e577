"""Owns the alerts of what lies between Telegram and us: the cap, and the webhook as Telegram has it.

The active sender asks Telegram about the webhook; what a sender knew before it lost the right to send is old.
"""

from typing import Final

from ops.rules.rule import Alert, Group

_ACTIVE: Final = "and on (instance) (sender_active == 1)"

ALERTS: Final = (
    Alert(
        name="CapOverrun",
        severity="ticket",
        expr='sum(increase(sender_floods_total{scope="everybody"}[10m])) > 0',
        lasts="0s",
        summary="Telegram made the whole bot be silent",
        description="Telegram answered 429 to calls of several chats: somebody uses more of the token than its cap.",
    ),
    Alert(
        name="WebhookPending",
        severity="page",
        expr=f"max(sender_webhook_pending {_ACTIVE}) > 100",
        lasts="5m",
        summary="{{ $value }} updates wait at Telegram",
        description="Check-ins do not reach our door, or only slowly; Telegram keeps them for a day.",
    ),
    Alert(
        name="WebhookElsewhere",
        severity="page",
        expr=f'max(sender_webhook_drift{{setting="url"}} {_ACTIVE}) == 1',
        lasts="5m",
        summary="Telegram delivers to another address, or to none",
        description="The webhook at Telegram is not TELEGRAM_WEBHOOK_URL: nobody's check-in reaches us.",
    ),
    Alert(
        name="WebhookDrift",
        severity="ticket",
        expr=f'max by (setting) (sender_webhook_drift{{setting!="url"}} {_ACTIVE}) == 1',
        lasts="15m",
        summary="Telegram has another {{ $labels.setting }} than we want",
        description="Kinds of update may be missing, or fewer connections be used than a burst needs.",
    ),
    Alert(
        name="WebhookErrors",
        severity="ticket",
        expr=f"time() - max(sender_webhook_last_error_timestamp_seconds {_ACTIVE}) < 600",
        lasts="10m",
        summary="Telegram reports errors of our webhook",
        description="The last one was {{ $value | humanizeDuration }} ago, and there was one in each ten minutes.",
    ),
)
GROUP: Final = Group("telegram", ALERTS)
