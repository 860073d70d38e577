"""Owns the look at what Telegram holds for us: updates that wait before our door, its last error, and its settings.

No other service sees what waits there. One process asks, the active sender: it has the token, it was elected, and it
owns the cap, of which a question takes a slot as any call does, whenever no other call could go (`sender.departures`).
A standby knows nothing, and says 0.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import structlog
from aiogram.types import WebhookInfo

from sender.metrics import WEBHOOK_ASKED, WEBHOOK_DRIFT, WEBHOOK_LAST_ERROR, WEBHOOK_PENDING
from sender.telegram import Fenced, Flood, Gate, Outcome
from shared.webhook import SETTINGS, Setting, Webhook, held

log = structlog.get_logger()

PAUSE: Final = 15.0
"""Seconds between two questions: as often as the metrics are scraped."""


class Oracle(Protocol):
    """Says what Telegram holds."""

    async def webhook(self, gate: Gate) -> WebhookInfo | Outcome:
        """Ask it; the gate is asked right before the write."""


class Lookout:
    """What Telegram said last, as metrics.

    Args:
        telegram: whom to ask.
        wish: what it should hold; None where that is not known.
        held: whether this process is the active sender.
        clock: unix seconds.
    """

    def __init__(
        self, telegram: Oracle, wish: Webhook | None, held: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._telegram = telegram
        self._wish = wish
        self._held = held
        self._clock = clock
        self._said: WebhookInfo | None = None
        self._asked_at = 0.0
        self._drift: list[Setting] = []
        self.due_at = 0.0
        """When to ask next, seconds on the sender's monotonic clock."""
        WEBHOOK_PENDING.set_function(lambda: self._of(lambda info: float(info.pending_update_count)))
        WEBHOOK_LAST_ERROR.set_function(lambda: self._of(_last_error))
        WEBHOOK_ASKED.set_function(lambda: self._of(lambda _: self._asked_at))
        for setting in SETTINGS if wish is not None else ():
            WEBHOOK_DRIFT.labels(setting).set_function(partial(self._drifts, setting))

    def restart(self, now: float) -> None:
        """What was said while another was active, or before, is not known; ask at once."""
        self._said, self._drift, self.due_at = None, [], now

    def begin(self, now: float) -> None:
        """It is asked now."""
        self.due_at = now + PAUSE

    async def look(self, gate: Gate) -> WebhookInfo | Outcome:
        """Ask, and keep what is said for as long as nothing newer is."""
        answer = await self._telegram.webhook(gate)
        if isinstance(answer, WebhookInfo):
            self._said, self._asked_at = answer, self._clock()
            self._compare(answer)
        elif isinstance(answer, Flood):
            self.due_at += answer.retry_after
        if not isinstance(answer, WebhookInfo | Fenced):
            log.warning("webhook_not_told", outcome=type(answer).__name__.lower(), reason=getattr(answer, "reason", ""))
        return answer

    def _compare(self, said: WebhookInfo) -> None:
        if self._wish is None:
            return
        drift = held(said).drift(self._wish)
        if drift and drift != self._drift:
            log.warning("webhook_drifts", settings=drift, url=said.url)
        self._drift = drift

    def _of(self, read: Callable[[WebhookInfo], float]) -> float:
        return 0.0 if self._said is None or not self._held() else read(self._said)

    def _drifts(self, setting: Setting) -> float:
        return self._of(lambda _: float(setting in self._drift))


def _last_error(info: WebhookInfo) -> float:
    return 0.0 if info.last_error_date is None else info.last_error_date.timestamp()
