"""Owns operators' orders as the sender obeys them: which priorities and campaigns are paused, which are cancelled.

An order travels as a note in `sender.turn` (`shared.turn`): whoever holds the right to send has all of them in hand,
and they pass on with it, so nothing else stores them. Of a subject only the newest is kept; to be running is to have
no order. Pure: time is an argument, unix seconds.
"""

import time
from collections.abc import Callable, Collection
from typing import Final, Literal, get_args

import structlog

from shared.contracts import CallPriority, Order, decode
from shared.errors import Undecodable

log = structlog.get_logger()

CAMPAIGN: Final = "campaign:"
KEPT: Final = 7 * 86400.0
"""Seconds for which an order about a campaign is kept: as long as a campaign may last. After that all its calls are
late, and are dropped for that."""

State = Literal["running", "paused", "cancelled"]


class Orders:
    """The orders that hold now; the `Notes` of the right to send.

    Args:
        clock: unix seconds.
        changed: told after each change of what holds.
    """

    def __init__(self, changed: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self._changed = changed
        self._clock = clock
        self._kept: dict[str, tuple[Order, int]] = {}
        self._running_since: dict[str, float] = {}

    def keep(self, tag: int, body: bytes) -> Collection[int]:
        """Take an order in; returns the tags that are not needed any more, in the order in which to give them up.

        That order matters: who dies half-way must not leave an older order behind without the one that ended it.
        """
        try:
            order = decode(Order, body)
            _check(order.subject)
        except Undecodable as problem:
            log.warning("order_undecodable", reason=str(problem))
            return [tag]
        over = [*self._expired(), *self._replace(order, tag)]
        self._changed()
        return over

    def clear(self) -> None:
        """The right is gone, and the orders with it."""
        self._kept.clear()
        self._running_since.clear()
        self._changed()

    def paused(self, priority: CallPriority) -> bool:
        """Whether nothing of this priority may go out."""
        return self._state(priority) != "running"

    def campaign(self, campaign_id: int) -> State:
        """What holds for the calls of this campaign."""
        return self._state(f"{CAMPAIGN}{campaign_id}")

    def _state(self, subject: str) -> State:
        held = self._kept.get(subject)
        return "running" if held is None else held[0].state

    def _replace(self, order: Order, tag: int) -> list[int]:
        subject = order.subject
        previous = self._kept.get(subject)
        newest = self._running_since.get(subject, 0.0) if previous is None else previous[0].given_at
        if order.given_at < newest:
            return [tag]
        over = [] if previous is None else [previous[1]]
        log.info("order_taken", subject=subject, state=order.state)
        if order.state == "running":
            self._kept.pop(subject, None)
            self._running_since[subject] = order.given_at
            return [*over, tag]
        self._kept[subject] = (order, tag)
        self._running_since.pop(subject, None)
        return over

    def _expired(self) -> list[int]:
        """Let go of what was said about campaigns that are over by now."""
        before = self._clock() - KEPT
        old = [name for name, (order, _) in self._kept.items() if name.startswith(CAMPAIGN) and order.given_at < before]
        self._running_since = {name: at for name, at in self._running_since.items() if at >= before}
        return [self._kept.pop(name)[1] for name in old]


def _check(subject: str) -> None:
    number = subject.removeprefix(CAMPAIGN)
    if subject not in get_args(CallPriority) and (number == subject or not number.isdecimal()):
        raise Undecodable(f"an order about {subject!r}, which is neither a priority nor a campaign")
