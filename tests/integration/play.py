"""A day that is played: the services run as they do, but the clock of the day is the script's.

Only the check-in worker runs in the test's own process, where its clock can be set and what the ingress stamped can
be replaced; ingress, geo worker, senders and the simulated Telegram are the real ones.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from checkin_worker.reports.making import DEADLINE, ReportHandler
from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import UpdateHandler
from local.fleet import Fleet, plan
from ops.webhook import WebhookSettings, set_webhook
from shared.consume import Consumer
from shared.contracts import RECEIVED_AT
from shared.database import PrimaryPool
from shared.delivery import Delivery, Verdict
from shared.publisher import Publisher
from shared.replicas import Reader
from shared.topology import REPORTS, UPDATES
from simulator.chats import SeenMessage
from simulator.crowd import Crowd
from simulator.people import Employee
from simulator.server import Simulator
from tests.integration.broker_side import linked
from tests.integration.company import Engines
from tests.integration.desk_side import worker_settings

SECRET = "a-secret-for-tests"  # noqa: S105 - opens a simulator only


@dataclass(frozen=True)
class Line:
    """What one person did or one telephone showed."""

    at: datetime
    whose: str
    by_bot: bool
    text: str
    buttons: tuple[str, ...] = ()
    edited: bool = False


@dataclass
class Play:
    """A day so far. Each deed waits until as many calls have reached Telegram as the script says."""

    telegram: Simulator
    crowd: Crowd
    now: datetime
    lines: list[Line] = field(default_factory=list)
    shown: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)

    def at(self, clock: str, *, days: int = 0) -> None:
        """Let it be that time, so many days later."""
        hour, minute, second = map(int, clock.split(":"))
        self.now = self.now.replace(hour=hour, minute=minute, second=second) + timedelta(days=days)

    async def write(self, person: Employee, text: str, calls: int = 1) -> None:
        """Write a text or a command."""
        await self._do(person, f"💬 {text}", calls, lambda: self.crowd.say(person, text, at=self.now))

    async def send(
        self,
        person: Employee,
        point: tuple[float, float],
        calls: int = 1,
        **how: Any,  # noqa: ANN401 - send_location's
    ) -> None:
        """Send a location."""
        told = "📍 (a live location)" if "live_period" in how else "📍 (a location)"
        await self._do(person, told, calls, lambda: self.crowd.send_location(person, at=self.now, point=point, **how))

    async def press(self, person: Employee, begins: str, calls: int) -> None:
        """Press the last button whose data begins like this."""
        message, button = self._button(person, begins)
        data = button["callback_data"]
        await self._do(person, f"👆 {button['text']}", calls, lambda: self.crowd.press_inline(person, message, data))
        if said := self.telegram.presses(person.id)[-1].shown:
            self.lines.append(Line(self.now, person.first_name, by_bot=True, text=said))

    def last(self, person: Employee) -> SeenMessage:
        """The bot's last message to the person."""
        return [message for message in self.telegram.chat(person.id) if message.from_bot][-1]

    async def _do(self, person: Employee, told: str, calls: int, deed: Any) -> None:  # noqa: ANN401 - a function of the crowd
        self.lines.append(Line(self.now, person.first_name, by_bot=False, text=told))
        due = self._calls() + calls
        deed()

        def everything_was_said() -> bool:
            return self._calls() >= due

        try:
            await self.telegram.until(everything_was_said, 60)
        except TimeoutError as problem:
            self._look()
            said = "\n".join(f"{line.whose}: {line.text}" for line in self.lines[-6:])
            raise TimeoutError(f"{told}: {self._calls()} calls instead of {due}, after\n{said}") from problem
        self._look()

    def _calls(self) -> int:
        answers = [call for call in self.telegram.ledger.other_calls if call.method == "answerCallbackQuery"]
        return sum(call.done for call in [*self.telegram.ledger.calls, *answers])

    def _look(self) -> None:
        """Write down what telephones show now and did not before."""
        for person in self.crowd.employees:
            for message in self.telegram.chat(person.id):
                if not message.from_bot:
                    continue
                key, state = (person.id, message.message_id), (message.text, message.edits)
                if self.shown.get(key) != state:
                    edited = key in self.shown
                    self.shown[key] = state
                    self.lines.append(self._line(person, message, edited=edited))

    def _line(self, person: Employee, message: SeenMessage, *, edited: bool) -> Line:
        rows = (message.markup or {}).get("inline_keyboard") or (message.markup or {}).get("keyboard") or []
        buttons = tuple(str(button["text"]) for row in rows for button in row)
        text = message.text
        if "document" in message.raw:
            text = f"📄 {message.raw['document']['file_name']}\n{text}".strip()
        if "photo" in message.raw:
            text = f"🖼 (a chart)\n{text}"
        return Line(self.now, person.first_name, by_bot=True, text=text, buttons=buttons, edited=edited)

    def _button(self, person: Employee, begins: str) -> tuple[SeenMessage, dict[str, Any]]:
        for message in reversed(self.telegram.chat(person.id)):
            for row in (message.markup or {}).get("inline_keyboard") or []:
                for button in row:
                    if str(button.get("callback_data", "")).startswith(begins):
                        return message, button
        raise LookupError(f"{person.first_name} has no button that begins with {begins!r}")


@contextlib.asynccontextmanager
async def played(
    engines: Engines, people: list[Employee], begin: datetime, settings: WorkerSettings
) -> AsyncIterator[Play]:
    """Open the company at that moment, with these people around it."""
    services = plan({"ingress": 1, "geo_worker": 1, "sender": 1})
    telegram = Simulator()
    crowd = Crowd(telegram, employees=len(people))
    crowd.employees[:] = people
    play = Play(telegram, crowd, begin)
    telegram.updates.clock = lambda: play.now.timestamp()  # noqa: PLW0108 - `now` is another one by then
    async with telegram:
        environment = {
            "LISTEN_ADDRESS": "127.0.0.1",
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "RABBITMQ_URL": engines.rabbitmq_url,
            "DATABASE_URL": engines.database_url,
            "REDIS_URL": engines.redis_url,
            "DB_POOL_MIN": "1",
        }
        async with worker(engines, play, settings), Fleet(services, environment, engines.logs):
            await set_webhook(
                WebhookSettings(
                    telegram_bot_token=SecretStr(telegram.token),
                    telegram_api_url=telegram.url,
                    telegram_webhook_url=f"http://127.0.0.1:{services[0].http_port}/webhook",
                    telegram_webhook_secret=SecretStr(SECRET),
                )
            )
            yield play
        assert telegram.ledger.violations == []


@contextlib.asynccontextmanager
async def worker(engines: Engines, play: Play, settings: WorkerSettings) -> AsyncIterator[None]:
    """A check-in worker whose clock is the play's, a second after each deed."""

    def a_second_later() -> datetime:
        return play.now + timedelta(seconds=1)

    publisher = Publisher()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": engines.database_url,
        "RABBITMQ_URL": engines.rabbitmq_url,
        "TELEGRAM_BOT_TOKEN": play.telegram.token,
        "TELEGRAM_BOT_USERNAME": settings.telegram_bot_username,
    }
    async with contextlib.aclosing(PrimaryPool(settings)) as pool:
        handler = UpdateHandler(settings, pool, Reader([]), publisher, a_second_later)

        async def on_the_scripts_clock(delivery: Delivery) -> Verdict:
            stamped = {**delivery.headers, RECEIVED_AT: int(a_second_later().timestamp() * 1000)}
            return await handler(replace(delivery, headers=stamped))

        updates = Consumer(UPDATES, on_the_scripts_clock, publisher, prefetch=1, deadline=30)
        files = Consumer(REPORTS, ReportHandler(pool, publisher, environment), publisher, prefetch=1, deadline=DEADLINE)
        async with linked(engines.rabbitmq_url, publisher), linked(engines.rabbitmq_url, updates, files):
            yield


def settings_of(engines: Engines, admin: Employee) -> WorkerSettings:
    """A company that invites, asks for consent, and has this admin."""
    return worker_settings(
        engines.database_url,
        rabbitmq_url=SecretStr(engines.rabbitmq_url),
        registration="invite",
        consent="required",
        admin_ids=frozenset({admin.id}),
        telegram_bot_username="davamiyyet_bot",
    )
