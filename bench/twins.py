"""Owns two fleets side by side, and what each spends on a check-in in the same minutes.

Each has engines, a database, processes and a simulated Telegram of its own, so neither takes the other's updates.
People come to both all the time, to one halfway between two who come to the other; so what the machine does meanwhile
falls on both alike. What a fleet spends is its services' user and system time: not that of engines, Telegram or
collector.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from bench.spending import cpu_seconds
from local.command import operate
from local.fleet import Fleet, plan
from local.ports import LOOPBACK
from local.stage import Stage, started
from simulator.crowd import Crowd
from simulator.report import answered_with_address
from simulator.server import Simulator

ONE_EACH: Final = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}
SETTINGS: Final = {
    "REGISTRATION": "open",
    "CONSENT": "off",
    "TELEGRAM_WEBHOOK_SECRET": "for-the-bench-only",
    "GEOCODER": "offline",
}
RATE: Final = 25
"""People a second to each; the cap lets 30 be answered."""
WARM: Final = 20
"""Seconds before the first that count: every connection is open then, every statement prepared."""
LIMIT: Final = 30.0
"""Seconds after the last one came, until everybody has an address."""

Spent = Mapping[str, float]
"""Seconds of a processor by service."""


@dataclass(frozen=True, slots=True)
class Twin:
    """One of the fleets, with people who have not come yet."""

    telegram: Simulator
    fleet: Fleet
    crowd: Crowd

    @property
    def spent(self) -> Spent:
        """Since it started."""
        return {name: cpu_seconds(self.fleet.child(name).pid) for name in self.fleet.services}

    async def everyone_checks_in(self) -> None:
        """RATE people a second come; returns when each has an address."""
        await self.crowd.everyone_checks_in(spread=len(self.crowd.employees) / RATE)
        chats = self.telegram.chats
        await self.telegram.until(
            lambda: all(answered_with_address(chats.seen(one.id)) for one in self.crowd.employees), LIMIT
        )


@asynccontextmanager
async def twin(ready: Stage, settings: Mapping[str, str], seconds: int) -> AsyncIterator[Twin]:
    """Start a fleet with these settings; people for so many seconds will come, after WARM."""
    services = plan(ONE_EACH)
    ingress = next(service for service in services if service.module == "ingress")
    async with Simulator() as telegram:
        environment = {
            **ready.environment,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_URL": f"http://{LOOPBACK}:{ingress.http_port}/webhook",
            **settings,
        }
        crowd = Crowd(telegram, employees=RATE * (WARM + seconds))
        async with started(replace(ready, environment=environment), services) as fleet:
            await operate("webhook", "apply", environment=environment, logs=ready.logs)
            yield Twin(telegram, fleet, crowd)


async def spent_by(twins: Sequence[Twin], seconds: int) -> list[Spent]:
    """Have everybody check in with each twin, and look at what it spends in the seconds after WARM.

    Returns:
        What each twin spent on a check-in.

    Raises:
        TimeoutError: somebody was not answered.
    """
    async with asyncio.TaskGroup() as group:
        for one in twins:
            group.create_task(one.everyone_checks_in())
            await asyncio.sleep(1 / RATE / len(twins))
        await asyncio.sleep(WARM)
        before = [one.spent for one in twins]
        await asyncio.sleep(seconds)
        after = [one.spent for one in twins]
    return [
        {name: (now[name] - then[name]) / (RATE * seconds) for name in now}
        for then, now in zip(before, after, strict=True)
    ]
