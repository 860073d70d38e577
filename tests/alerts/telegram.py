"""Owns what Telegram does, and what others do to us there."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import aiohttp

from ops.webhook import WebhookSettings, set_webhook
from tests.alerts.fault import Fault
from tests.alerts.ours import LATE
from tests.faults.ground import Ground


def faulty(**faults: Any) -> Callable[[Ground], AbstractAsyncContextManager[None]]:  # noqa: ANN401 - fields of Faults
    """Telegram has these faults."""

    @contextlib.asynccontextmanager
    async def wrong(ground: Ground) -> AsyncIterator[None]:
        before = {name: getattr(ground.telegram.faults, name) for name in faults}
        for name, value in faults.items():
            setattr(ground.telegram.faults, name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(ground.telegram.faults, name, value)

    return wrong


def webhook_set(**other: str) -> Callable[[Ground], AbstractAsyncContextManager[None]]:
    """Somebody with the token sets the webhook; at the end it is set again as it should be."""

    @contextlib.asynccontextmanager
    async def wrong(ground: Ground) -> AsyncIterator[None]:
        environment = ground.stage.environment
        right = {
            "url": environment["TELEGRAM_WEBHOOK_URL"],
            "secret_token": environment["TELEGRAM_WEBHOOK_SECRET"],
            "max_connections": "100",
        }
        api = f"{ground.telegram.url}/bot{ground.telegram.token}/setWebhook"
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.post(api, data=right | other):
            pass
        try:
            yield
        finally:
            names = {name: environment[name.upper()] for name in WebhookSettings.model_fields}
            await set_webhook(WebhookSettings.model_validate(names))

    return wrong


FAULTS: Final = (
    Fault(
        name="telegram-silences",
        what="Telegram answers 429 to calls of all chats",
        wrong=faulty(flood_rate=0.2),
        raises={"CapOverrun"},
        allows={"RepliesBurn"},  # who waits for the silence is late; how many, is chance
    ),
    Fault(
        name="telegram-down",
        what="Telegram resets every call",
        wrong=faulty(reset_before_rate=1.0),
        raises={"RepliesStuck"},
        leaves={"RepliesBurn"},
    ),
    Fault(
        name="telegram-slow",
        what="Telegram answers after two seconds",
        wrong=faulty(latency=(2.0, 2.2)),
        raises={"RepliesBurn"},
    ),
    Fault(
        name="webhook-elsewhere",
        what="somebody set another webhook",
        wrong=webhook_set(url="http://127.0.0.1:9/webhook"),
        raises={"WebhookElsewhere", "WebhookErrors", "WebhookPending"},
        allows=LATE,  # what waited at Telegram comes in one moment, as a crowd
        factor=10,  # as without an ingress
    ),
    Fault(
        name="webhook-drift",
        what="somebody set the webhook with fewer connections",
        wrong=webhook_set(max_connections="5"),
        raises={"WebhookDrift"},
    ),
)
