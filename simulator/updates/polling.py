"""The two ways to get updates, of which a bot has one at a time: a webhook, or getUpdates."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from simulator.botapi.errors import ConflictError, TooManyRequestsError
from simulator.updates.delivery import Deliverer, DeliveryRules
from simulator.updates.webhook import WebhookSettings, WebhookState, read_settings

if TYPE_CHECKING:
    from aiogram.methods import DeleteWebhook, GetUpdates, SetWebhook

    from simulator.changes import Changes
    from simulator.faults import Faults
    from simulator.ledger import Ledger
    from simulator.updates.queue import Updates

SET_WEBHOOK_PAUSE = 1.0
LONGEST_POLL = 50
LARGEST_BATCH = 100


class Reception:
    """Owns the webhook, if there is one, and the getUpdates call that waits, if there is one."""

    def __init__(self, updates: Updates, ledger: Ledger, faults: Faults, changes: Changes) -> None:
        self.rules = DeliveryRules()
        self._updates = updates
        self._ledger = ledger
        self._faults = faults
        self._changes = changes
        self._deliverer: Deliverer | None = None
        self._next_set = 0.0
        self._turn = 0

    @property
    def webhook(self) -> WebhookSettings | None:
        """The webhook that is set."""
        return None if self._deliverer is None else self._deliverer.settings

    async def set_webhook(self, method: SetWebhook) -> str:
        """Answer setWebhook; it is allowed once a second, and without an address it takes the webhook away."""
        if not method.url:
            return await self._end(drop=bool(method.drop_pending_updates))
        settings = read_settings(method)
        if method.allowed_updates is not None:
            self._updates.allow(method.allowed_updates)
        if self.webhook == settings and not method.drop_pending_updates:
            return "Webhook is already set"
        if time.monotonic() < self._next_set:
            raise TooManyRequestsError(retry_after=1)
        self._next_set = time.monotonic() + SET_WEBHOOK_PAUSE
        await self._end(drop=bool(method.drop_pending_updates))
        self._deliverer = Deliverer(settings, self._updates, self._ledger, self._faults)
        self._deliverer.start(self.rules)
        self._changes.tell()
        return "Webhook was set"

    async def delete_webhook(self, method: DeleteWebhook) -> str:
        """Answer deleteWebhook."""
        return await self._end(drop=bool(method.drop_pending_updates))

    def webhook_info(self) -> dict[str, Any]:
        """Answer getWebhookInfo."""
        self._updates.forget_expired()
        state = WebhookState() if self._deliverer is None else self._deliverer.state
        return state.describe(self.webhook, self._updates.allowed, self._updates.pending)

    async def get_updates(self, method: GetUpdates) -> list[dict[str, Any]]:
        """Answer getUpdates: at once when something waits, otherwise within `timeout` seconds."""
        if self._deliverer is not None:
            raise ConflictError(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self._turn += 1
        turn = self._turn
        self._changes.tell()
        if method.allowed_updates is not None:
            self._updates.allow(method.allowed_updates)
        if method.offset is not None:
            self._updates.confirm_before(method.offset)
        limit = LARGEST_BATCH if method.limit is None else min(max(method.limit, 1), LARGEST_BATCH)
        if not self._updates.batch(1):
            await self._wait_for_one(turn, min(max(method.timeout or 0, 0), LONGEST_POLL))
        if turn != self._turn:
            raise ConflictError(
                "terminated by other getUpdates request; make sure that only one bot instance is running"
            )
        return self._updates.batch(limit)

    async def stop(self) -> None:
        """End the delivery, and the getUpdates call that waits; what waits is kept."""
        self._turn += 1
        self._changes.tell()
        deliverer, self._deliverer = self._deliverer, None
        if deliverer is not None:
            await deliverer.stop()

    async def _wait_for_one(self, turn: int, seconds: float) -> None:
        try:
            await self._changes.until(lambda: self._turn != turn or self._updates.pending > 0, seconds)
        except TimeoutError:
            return

    async def _end(self, *, drop: bool) -> str:
        had_one = self._deliverer is not None
        await self.stop()
        if drop:
            self._updates.drop()
        await asyncio.sleep(0)
        return "Webhook was deleted" if had_one else "Webhook is already deleted"
