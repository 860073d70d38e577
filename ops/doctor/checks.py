"""Owns which checks there are, and how they are run: all at once, each for so long and no longer."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import asyncpg

from ops.doctor.cache import cache
from ops.doctor.environment import settings
from ops.doctor.findings import EngineAway, Finding, State, Unknown, unchecked, wrong
from ops.doctor.policies import leftovers, nodes, policies
from ops.doctor.pool import pool
from ops.doctor.postgresql import postgresql
from ops.doctor.queues import consumers, dead_letters, queues
from ops.doctor.rabbitmq import rabbitmq
from ops.doctor.replicas import replicas
from ops.doctor.rights import rights
from ops.doctor.schema import schema
from ops.doctor.surroundings import Surroundings
from ops.doctor.telegram import telegram, webhook
from ops.doctor.zones import zones
from shared.broker import BROKER_ERRORS
from shared.database import AWAY
from shared.masking import masked

TIMEOUT: Final = 15.0
"""Seconds that a check may take; its questions to an engine have lesser limits of their own."""
LEFT_BEHIND: Final = 2.0
"""Seconds in which a check that was given up may end."""

Check = Callable[[Surroundings], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A check, and what to do where its engine is away, fails it or hangs; without that it was only not made."""

    check: Check
    mend: str = ""


CHECKS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "settings": Entry(settings),
        "postgresql": Entry(postgresql, "start PostgreSQL, or correct DATABASE_URL"),
        "schema": Entry(schema),
        "roles": Entry(rights),
        "pool": Entry(pool),
        "replicas": Entry(replicas),
        "rabbitmq": Entry(rabbitmq, "start RabbitMQ, or correct RABBITMQ_URL"),
        "queues": Entry(queues),
        "policies": Entry(policies),
        "leftovers": Entry(leftovers),
        "nodes": Entry(nodes),
        "consumers": Entry(consumers),
        "dead letters": Entry(dead_letters),
        "redis": Entry(cache, "start Redis, or correct REDIS_URL; check-ins go on, reminders wait"),
        "telegram": Entry(telegram, "correct TELEGRAM_API_URL, or let this machine reach it"),
        "webhook": Entry(webhook),
        "time zones": Entry(zones),
    }
)
"""In the order in which they are told."""

_FAILURES: Final = (*AWAY, asyncpg.PostgresError, *BROKER_ERRORS)
"""What an engine may say in the middle of a check."""
LOST: Final = "the connection was lost in the middle"
"""What aio-pika says by cancelling whoever waits for it."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What each check found, by its name, in the order of CHECKS."""

    findings: Sequence[tuple[str, Finding]]

    @property
    def status(self) -> int:
        """The exit status: 0 nothing is wrong, 1 something is, 2 the settings are."""
        bad = {name for name, finding in self.findings if finding.state is State.WRONG}
        return 2 if "settings" in bad else int(bool(bad))


def only(names: Collection[str]) -> Mapping[str, Entry]:
    """Those of the checks, in their own order; all of them where no name is given."""
    return {name: entry for name, entry in CHECKS.items() if not names or name in names}


async def examine(
    around: Surroundings, skipped: Collection[str] = (), entries: Mapping[str, Entry] = CHECKS
) -> Diagnosis:
    """Make all of these checks at once; no secret that this process has read is in what they found."""
    found = await asyncio.gather(
        *(_left_out() if name in skipped else _made(entry, around) for name, entry in entries.items())
    )
    return Diagnosis(
        [
            (name, replace(one, what=masked(one.what), mend=masked(one.mend)))
            for name, findings in zip(entries, found, strict=True)
            for one in findings
        ]
    )


async def _left_out() -> Sequence[Finding]:
    return [unchecked("left out, as --skip says")]


async def _made(entry: Entry, around: Surroundings) -> Sequence[Finding]:
    """Make a check; one that hangs is left behind, since a library may not let itself be cancelled."""
    task = asyncio.ensure_future(_told(entry, around))
    done, _ = await asyncio.wait([task], timeout=TIMEOUT)
    if done:
        return [_failed(entry, LOST)] if task.cancelled() else task.result()
    task.cancel()
    await asyncio.wait([task], timeout=LEFT_BEHIND)
    return [_failed(entry, f"no answer within {TIMEOUT:.0f} s")]


async def _told(entry: Entry, around: Surroundings) -> Sequence[Finding]:
    try:
        return await entry.check(around)
    except EngineAway as away:
        return [_failed(entry, str(away))]
    except Unknown as unknown:
        return [unchecked(str(unknown))]
    except _FAILURES as problem:
        return [_failed(entry, f"{type(problem).__name__}: {problem}")]
    except Exception as problem:  # noqa: BLE001 - one check's mistake must not keep the others from being told
        return [_failed(entry, f"this check itself failed, tell who made it: {type(problem).__name__}: {problem}")]


def _failed(entry: Entry, said: str) -> Finding:
    """A check that came to no end: wrong where it is about an engine, since nobody knows that this one works."""
    return wrong(said, entry.mend) if entry.mend else unchecked(said)
