"""Owns the faults of our own processes: a burst, which is none, and services that are away or fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import aiohttp

from shared.topology import DEAD_QUEUES
from tests.alerts.fault import Fault
from tests.alerts.people import crowd
from tests.faults.ground import Ground
from tests.integration.broker_side import held
from tests.integration.geo_side import broken

BURST: Final = 1000
WITHIN: Final = 60.0
"""People, and the seconds in which they come: a company's minute before the deadline."""
WATCHED: Final = 60.0
"""Seconds for which a healthy fleet is watched after a burst: twenty minutes of the rules' time."""
REFUSE: Final = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as we want it'; END $$",
    "CREATE TRIGGER refuse BEFORE INSERT ON attendance_events FOR EACH ROW EXECUTE FUNCTION refuse()",
)
TAKE: Final = ("DROP TRIGGER refuse ON attendance_events", "DROP FUNCTION refuse")
"""What makes PostgreSQL refuse each event for a reason that nobody expects, and what ends it."""


@contextlib.asynccontextmanager
async def burst(ground: Ground) -> AsyncIterator[None]:
    """Everybody comes in the same minute, and nothing is wrong."""
    await crowd(ground, BURST, WITHIN)
    yield
    await asyncio.sleep(WATCHED)


def without(module: str) -> Callable[[Ground], AbstractAsyncContextManager[None]]:
    """No copy of a service runs."""

    @contextlib.asynccontextmanager
    async def wrong(ground: Ground) -> AsyncIterator[None]:
        names = ground.names(module)
        with ground.away(*names):
            await asyncio.gather(*map(ground.fleet.kill, names))
            try:
                yield
            finally:
                await asyncio.gather(*map(ground.fleet.start, names))

    return wrong


async def restarted(ground: Ground, names: list[str], **environment: str) -> None:
    """Restart these one after the other, with variables of their own."""
    for name in names:
        await ground.fleet.stop(name)
        await ground.fleet.start(name, **environment)


@contextlib.asynccontextmanager
async def two_fleets(ground: Ground) -> AsyncIterator[None]:
    """A sender of this token works for another broker: nobody there has the right, so it has."""
    stray, rabbitmq = await ground.standby_sender(), ground.engines.rabbitmq
    with ground.away(stray):
        elsewhere = await rabbitmq.create_vhost("elsewhere")
        try:
            await restarted(ground, [stray], RABBITMQ_URL=elsewhere)
            yield
        finally:
            await restarted(ground, [stray])
            await rabbitmq.delete_vhost("elsewhere")


@contextlib.asynccontextmanager
async def undecodable(ground: Ground) -> AsyncIterator[None]:
    """An update comes that nobody can read; afterwards its dead letter is taken out."""
    secret = ground.stage.environment["TELEGRAM_WEBHOOK_SECRET"]
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
    url = ground.stage.environment["TELEGRAM_WEBHOOK_URL"]
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.post(url, data=b"[", headers=headers):
        pass
    try:
        yield
    finally:
        for queue in DEAD_QUEUES:
            await held(ground.broker.url, queue)


@contextlib.asynccontextmanager
async def handlers_fail(ground: Ground) -> AsyncIterator[None]:
    """Nobody's event can be written, for a reason that is no engine's absence."""
    for statement in REFUSE:
        await ground.fetch(statement)
    try:
        yield
    finally:
        for statement in TAKE:
            await ground.fetch(statement)


@contextlib.asynccontextmanager
async def geocoder_broken(ground: Ground) -> AsyncIterator[None]:
    """It answers 500, and what is known is forgotten."""
    right = ground.geocoder.answer
    ground.geocoder.answer = broken
    await ground.engines.redis.flushed(0)
    try:
        yield
    finally:
        ground.geocoder.answer = right


LATE: Final = frozenset({"RecordedBurn", "RepliesBurn"})
"""What waited is recorded late, and told late."""

FAULTS: Final = (
    Fault(
        name="healthy",
        what="1,000 people check in within a minute, and nothing is wrong",
        wrong=burst,
        raises=frozenset(),
    ),
    Fault(
        name="no-geo-worker",
        what="no geo worker runs",
        wrong=without("geo_worker"),
        raises={"ServiceDown", "TargetDown"},
    ),
    Fault(
        name="no-worker",
        what="no check-in worker runs",
        wrong=without("checkin_worker"),
        raises={"ServiceDown", "TargetDown", "UpdatesNotHandled"},
        leaves=LATE,
    ),
    Fault(
        name="no-sender",
        what="no sender runs",
        wrong=without("sender"),
        raises={"ServiceDown", "TargetDown", "NoActiveSender", "RepliesStuck"},
        allows={"RepliesBurn"},  # of what waited only the time since the takeover counts, which may be a crowd's
    ),
    Fault(
        name="two-fleets",
        what="one of two senders works for another broker",
        wrong=two_fleets,
        raises={"TwoActiveSenders"},
    ),
    Fault(
        name="no-ingress",
        what="no ingress runs",
        wrong=without("ingress"),
        raises={"ServiceDown", "TargetDown", "WebhookErrors", "WebhookPending"},
        factor=10,  # Telegram is asked each 15 s about its errors, in whosever time
    ),
    Fault(name="undecodable", what="an update is undecodable", wrong=undecodable, raises={"DeadLetters"}),
    Fault(
        name="handlers-fail",
        what="no event can be written",
        wrong=handlers_fail,
        raises={"RetriesGrow"},
        leaves=LATE,
        allows={"UpdatesNotHandled"},  # nothing is done meanwhile; whether a message is seen in the queue is chance
    ),
    Fault(
        name="geocoder-fails",
        what="the only geocoder answers 500",
        wrong=geocoder_broken,
        raises={"GeocodersFail"},
    ),
)
