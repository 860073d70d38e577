"""Owns the alerts of what lies between Telegram and us: the cap, and the webhook as Telegram has it.

The active sender asks Telegram about the webhook; a standby tells 0.
"""

from typing import Final

from ops.rules.rule import Alert, Group

PENDING: Final = 100
"""Updates that may wait at Telegram."""

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
        expr=f"max(sender_webhook_pending) > {PENDING}",
        lasts="5m",
        summary="{{ $value }} updates wait at Telegram",
        description="Check-ins do not reach our door, or only slowly; Telegram keeps them for a day.",
    ),
    Alert(
        name="WebhookElsewhere",
        severity="page",
        expr='max(sender_webhook_drift{setting="url"}) == 1',
        lasts="5m",
        summary="Telegram delivers to another address, or to none",
        description="The webhook at Telegram is not TELEGRAM_WEBHOOK_URL: nobody's check-in reaches us.",
    ),
    Alert(
        name="WebhookDrift",
        severity="ticket",
        expr='max by (setting) (sender_webhook_drift{setting!="url"}) == 1',
        lasts="15m",
        summary="Telegram has another {{ $labels.setting }} than we want",
        description="Kinds of update may be missing, or fewer connections be used than a burst needs.",
    ),
    Alert(
        name="WebhookErrors",
        severity="ticket",
        # More than one: a sender that takes over tells the last one, however old it is.
        expr="max(changes(sender_webhook_last_error_timestamp_seconds[10m])) > 1",
        lasts="10m",
        summary="Telegram reports errors of our webhook",
        description="In ten minutes it failed to deliver {{ $value }} times or more, and in the ten before too.",
    ),
)
GROUP: Final = Group("telegram", ALERTS)
