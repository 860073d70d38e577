"""Owns how a plan is told."""

from collections.abc import Iterator
from typing import Final

from ops.plan.costs import PODS
from ops.plan.sizes import RESERVED, Plan
from ops.plan.timetable import Cron
from ops.terminal import people
from shared.topology import INTERACTIVE

NAME: Final = 24
"""Columns of what a line is about."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def told(plan: Plan, cron: Cron, pool: int, max_connections: int) -> str:
    """For people, a line for each figure, and at the end the trigger.

    Args:
        plan: what to tell.
        cron: when workers must be there.
        pool: DB_POOL_MAX as it is set.
        max_connections: PostgreSQL's.
    """
    head = f"{people(plan.people)} {_within(plan)}."
    rows = [*_replies(plan), *_recorded(plan), *_copies(plan), *_connections(plan, pool, max_connections)]
    return "\n".join([head, "", *(f"{name:<{NAME}}{said}" for name, said in rows), "", *_keda(cron)])


def length(seconds: float) -> str:
    """A length of time in its two largest units."""
    if (tenths := round(seconds, 1)) < _MINUTE:
        return f"{tenths:.1f} s"
    if (whole := round(seconds)) < _HOUR:
        return _two(whole, 60, "min", "s")
    if (minutes := round(seconds / _MINUTE)) < _DAY // _MINUTE:
        return _two(minutes, 60, "h", "min")
    return _two(round(seconds / _HOUR), 24, "d", "h")


def _two(small: int, to_one: int, larger: str, smaller: str) -> str:
    whole, rest = divmod(small, to_one)
    return f"{whole} {larger} {rest} {smaller}" if rest else f"{whole} {larger}"


def _within(plan: Plan) -> str:
    if not plan.window:
        return "all at once"
    return f"evenly within {length(plan.window)}, {plan.recording.rate:,.1f} a second"


def _replies(plan: Plan) -> Iterator[tuple[str, str]]:
    replies, cap = plan.replies, plan.cap
    yield "the cap", f"{cap.pace:.2f} replies a second ({cap.rate} in any second, guard {cap.guard * 1000:.0f} ms)"
    yield "a reply, p50", f"within {length(plan.told_within(0.5))}"
    yield "a reply, p99", f"within {length(plan.told_within(0.99))}"
    yield "the last reply", f"within {length(plan.told_within(1))}, {length(plan.told_at)} after the first one came"
    yield "waiting for the cap", f"{replies.most_waiting:,.0f} replies at most, {plan.waiting:,.1f} MiB in RabbitMQ"
    if replies.most_waiting > INTERACTIVE.max_length:
        yield (
            "",
            f"{INTERACTIVE.name} holds {INTERACTIVE.max_length:,}: the rest waits in updates, then at Telegram",
        )


def _recorded(plan: Plan) -> Iterator[tuple[str, str]]:
    waits = f"the last one after {length(wait)}" if (wait := plan.recording.last_wait) else "as they come"
    yield "recorded", f"{waits}; the narrowest is {plan.narrowest}, {plan.limits[plan.narrowest]:,.0f} a second"


def _copies(plan: Plan) -> Iterator[tuple[str, str]]:
    for name, number in plan.copies.items():
        pod = PODS[name]
        yield name, f"{number} x ({pod.cores:g} cores, {pod.memory} MiB)"
    yield "all of them", f"{plan.cores:.1f} cores, {plan.memory:.1f} GiB"
    yield "the active sender", f"{plan.sending:.2f} cores while it makes all the calls that it may"


def _connections(plan: Plan, pool: int, max_connections: int) -> Iterator[tuple[str, str]]:
    claim, room = plan.claim(pool), max_connections - RESERVED
    verdict = "it fits" if claim.total <= room else "too many"
    yield "connections", f"{claim} = {claim.total:,} at most, of {max_connections:,} less {RESERVED}: {verdict}"
    fitting = plan.fitting(max_connections)
    if claim.total > room:
        needs = claim.total + RESERVED
        yield "", f"DB_POOL_MAX={fitting} fits" if fitting else f"none fits: max_connections = {needs:,}, or a pooler"


def _keda(cron: Cron) -> list[str]:
    return ["KEDA's trigger for the check-in workers:", *cron.lines]
