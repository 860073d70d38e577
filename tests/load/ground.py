"""Owns what a load of our own stands on: engines, the fleet, and a simulated Telegram that takes its replies."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.command import operate
from local.fleet import Fleet, Service, plan
from local.ports import LOOPBACK
from local.processes import first_death
from local.stage import Stage, stage, started
from simulator.chats import Press
from simulator.crowd import Crowd
from simulator.demo.promises import RATE, Promise
from simulator.server import Simulator
from simulator.windows import most_in_window
from tests.load.locusts import write_people

SETTINGS: Final = {"INGRESS_MODE": "webhook", "REGISTRATION": "open", "CONSENT": "off", "GEOCODER": "offline"}


class Presses(dict[str, Press]):
    """Buttons are pressed by people of other processes: of whatever is answered, a press is known."""

    def get(self, query_id: str, default: object = None) -> Press:
        """The press of that id."""
        del default
        return self.setdefault(query_id, Press({"id": query_id}, time.time()))


@dataclass(frozen=True)
class Ground:
    """What is posted at, and looked at."""

    telegram: Simulator
    stage: Stage
    fleet: Fleet
    door: str
    secret: str

    @property
    def database_url(self) -> str:
        """Where it is recorded."""
        return self.stage.environment["DATABASE_URL"]

    async def register(self, people: int) -> None:
        """Make the first so many employees, who have talked to the bot before."""
        file = self.stage.run / "people.csv"
        write_people(people, file)
        await operate("employees", "import", str(file), environment=self.stage.environment, logs=self.stage.logs)
        Crowd(self.telegram, employees=people)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Leave the block with a ChildFailedError when a service or an engine ends."""
        async with asyncio.TaskGroup() as group:
            children = [*self.fleet.children(), *self.stage.engines.children()]
            death = group.create_task(first_death(children))
            yield
            death.cancel()

    def judged(self) -> list[Promise]:
        """What Telegram saw meanwhile. Most replies still wait: the cap lets thirty out in a second."""
        calls = self.telegram.ledger.calls
        most = most_in_window(call.arrived for call in calls)
        refused = sum(not call.done for call in calls if call.over)
        return [
            Promise("most calls to Telegram in any 1.0 s", f"{most}", f"at most {RATE}", most <= RATE),
            Promise("calls refused", f"{refused} of {len(calls):,}", "0", not refused),
        ]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Ground]:
    """Everything is up; on leaving, all of it ends."""
    services, secret = plan(), secrets.token_urlsafe(32)
    async with Simulator() as telegram:
        telegram.chats.presses = Presses()
        door = f"http://{LOOPBACK}:{_ingress(services).http_port}"
        settings = {
            **SETTINGS,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_URL": f"{door}/webhook",
            "TELEGRAM_WEBHOOK_SECRET": secret,
        }
        async with stage(folder, settings) as ready, started(ready, services) as fleet:
            yield Ground(telegram, ready, fleet, door, secret)


def _ingress(services: list[Service]) -> Service:
    return next(service for service in services if service.module == "ingress")
