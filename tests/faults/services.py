"""Owns what happens to services: kills, orders to stop, freezes, and a restart of everything."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

from local.fleet import ORDER_OF_END
from tests.faults.ground import Ground
from tests.faults.health import returned
from tests.faults.scenario import Door, Scenario, Strike

FREEZE: Final = 20.0
PAUSE: Final = 1.0
"""Seconds from the moment from which nobody new comes to an ingress to its SIGTERM."""
GRACE: Final = 25.0
"""Seconds that a service may take to end; a deployment gives it thirty."""
GEO_LIMIT: Final = 30.0
"""Seconds within which somebody must ask the geocoder, since people come to where nobody was."""
INSTANT: Final = 0.002


async def active(ground: Ground, module: str) -> str:
    """The one that has the work: the sender that sends, the geo worker that asks; the first of others."""
    if module == "sender":
        return await ground.active_sender()
    if module == "geo_worker":
        return await ground.holder(module, "geo_active 1.0")
    return ground.names(module)[0]


@contextlib.asynccontextmanager
async def struck(ground: Ground, name: str, kind: str, how: str) -> AsyncIterator[None]:
    """Something befalls a service, which we did; of the sender that sends, nobody knows afterwards what it had sent."""
    sends = ground.fleet.services[name].module == "sender" and name == await ground.active_sender()
    in_order = kind == "term"
    moment = ground.diary.moment(
        kind, f"{how} {name}", hits_active=sends and not in_order, hands_over=sends and in_order
    )
    with ground.away(name), moment:
        yield


def killed_twice(module: str) -> Strike:
    """Kill -9 the one that has the work, start it again, and do it once more; people come in both moments."""

    async def strike(ground: Ground) -> None:
        for blow in range(2):
            if blow:
                await ground.burst()
            await killed(ground, module)
            if not blow:
                await returned(ground)

    return strike


async def killed(ground: Ground, module: str) -> None:
    """Kill -9 the one that has the work, amid it, and start it again."""
    name = await active(ground, module)
    await at_work(ground, module)
    async with struck(ground, name, "kill", "kill -9 of"):
        await ground.fleet.kill(name)
        await ground.fleet.launch(name)


def stopped_twice(module: str) -> Strike:
    """SIGTERM to the one that has the work; it must end in order, with status 0."""

    async def strike(ground: Ground) -> None:
        for blow in range(2):
            if blow:
                await ground.burst()
            name = await active(ground, module)
            await at_work(ground, module)
            await restarted(ground, name)

    return strike


async def at_work(ground: Ground, module: str) -> None:
    """Wait until a geo worker is amid a request; others always have something in hand when people come."""
    if module == "geo_worker":
        async with asyncio.timeout(GEO_LIMIT):
            while not ground.geocoder.inside:  # noqa: ASYNC110 - a count tells nobody
                await asyncio.sleep(INSTANT)


async def restarted(ground: Ground, name: str, **environment: str) -> None:
    """End one in order and start it again, with variables of its own; returns when all are ready.

    Telegram's new connections go elsewhere from a while before, as a rollout with a `preStop` arranges it. On those
    that it has open a crowd comes in the moment of an ingress's SIGTERM.
    """
    door, withdrawn = ground.fleet.services[name].http_port, ground.lines.webhook.withdrawn
    withdrawn.add(door)
    if ground.fleet.services[name].module == "ingress":
        await asyncio.sleep(PAUSE)
        await ground.burst()
    async with struck(ground, name, "term", "SIGTERM to"):
        began = time.monotonic()
        status = await ground.fleet.stop(name)
        took = time.monotonic() - began
        if status or took > GRACE:
            ground.diary.accident(f"{name} ended with status {status} {took:.0f} s after SIGTERM")
        await ground.fleet.launch(name, **environment)
    await returned(ground)
    withdrawn.discard(door)


def frozen(module: str) -> Strike:
    """Stop the one that has the work where it stands, and let it go on later."""

    async def strike(ground: Ground) -> None:
        name = await active(ground, module)
        await at_work(ground, module)
        async with struck(ground, name, "freeze", f"{FREEZE:.0f} s frozen:"):
            with ground.frozen(ground.fleet.child(name)):
                await asyncio.sleep(FREEZE)

    return strike


async def both_senders_killed(ground: Ground) -> None:
    """Nobody has the right to send, nor remembers what was sent."""
    await _all_killed(ground, ground.senders, "kill -9 of both senders")


async def everything_restarted(ground: Ground) -> None:
    """One after the other, as a rollout does it; people come while each kind is restarted."""
    for module in ORDER_OF_END:
        await ground.burst()
        for name in ground.names(module):
            await restarted(ground, name)


async def everything_killed(ground: Ground) -> None:
    """All services at once, as when the power fails; the engines live."""
    await _all_killed(ground, list(ground.fleet.services), "kill -9 of all services")


async def _all_killed(ground: Ground, names: Sequence[str], what: str) -> None:
    with ground.away(*names), ground.diary.moment("kill", what, hits_active=True):
        await asyncio.gather(*map(ground.fleet.kill, names))
        await asyncio.gather(*map(ground.fleet.launch, names))


SCENARIOS: Final = (
    Scenario("kill-ingress", "kill -9 of an ingress, twice", killed_twice("ingress"), Door.CLOSED),
    Scenario("kill-worker", "kill -9 of a check-in worker, twice", killed_twice("checkin_worker"), short=True),
    Scenario("kill-geo", "kill -9 of the geo worker that asks, twice", killed_twice("geo_worker")),
    Scenario("kill-sender", "kill -9 of the sender that sends, twice", killed_twice("sender"), short=True),
    Scenario("kill-senders", "kill -9 of both senders at once", both_senders_killed),
    Scenario("kill-all", "kill -9 of every service at once", everything_killed, Door.CLOSED),
    Scenario("stop-ingress", "SIGTERM to an ingress, twice", stopped_twice("ingress")),
    Scenario("stop-worker", "SIGTERM to a check-in worker, twice", stopped_twice("checkin_worker")),
    Scenario("stop-geo", "SIGTERM to the geo worker that asks, twice", stopped_twice("geo_worker")),
    Scenario("stop-sender", "SIGTERM to the sender that sends, twice", stopped_twice("sender")),
    Scenario("freeze-ingress", "an ingress stands still for 20 s", frozen("ingress"), Door.SILENT),
    Scenario("freeze-worker", "a check-in worker stands still for 20 s", frozen("checkin_worker")),
    Scenario("freeze-geo", "the geo worker that asks stands still for 20 s", frozen("geo_worker")),
    Scenario("freeze-sender", "the sender that sends stands still for 20 s", frozen("sender")),
    Scenario("rollout", "SIGTERM to everything, one after the other", everything_restarted),
)
