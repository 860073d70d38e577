"""The crowd: employees who press Start and send locations, in the shapes in which Telegram passes them on."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulator.chats import SeenMessage
from simulator.people import Employee, hire

if TYPE_CHECKING:
    from simulator.server import Simulator

METRES_PER_DEGREE = 111_320.0
DOUBLE_TAP_WITHIN = 8
"""The second tap of a double tap comes 1 to this many seconds after the first."""
LATE_BY = (5, 45)
"""Minutes by which the late are late."""
AT_ONCE = 10
"""People who are let in before the loop may do something else; calls that arrive meanwhile are to be stamped."""
BUTTON = {"text": "📍 Yerimi göndər", "request_location": True}


class Crowd:
    """The employees of one company; who they are and what they do is decided by `seed`."""

    def __init__(
        self,
        telegram: Simulator,
        *,
        employees: int = 1000,
        offices: int = 5,
        jitter_metres: float = 15.0,
        seed: int = 1,
    ) -> None:
        self.employees = hire(employees, offices, seed)
        self.offices = list(dict.fromkeys(employee.office for employee in self.employees))
        self._telegram = telegram
        self._jitter = jitter_metres
        self._chance = random.Random(seed + 1)  # noqa: S311 - no secret: repeatable mornings
        for employee in self.employees:
            telegram.chats.add(employee.as_chat())

    def say(self, employee: Employee, text: str, *, at: datetime | None = None) -> int:
        """Write a text, as a person does, or a desktop that cannot send a location. Returns the update_id."""
        message = self._message(employee, at)
        message["text"] = text
        if text.startswith("/"):
            message["entities"] = [{"offset": 0, "length": len(text.split(maxsplit=1)[0]), "type": "bot_command"}]
        return self._telegram.updates.send({"message": message})

    def press_start(self, employee: Employee, *, at: datetime | None = None) -> int:
        """Press Start. Returns the update_id."""
        return self.say(employee, "/start", at=at)

    def send_location(
        self, employee: Employee, *, at: datetime | None = None, point: tuple[float, float] | None = None
    ) -> int:
        """Press the location button near the office, or at `point` (latitude, longitude). Returns the update_id."""
        message = self._message(employee, at)
        if employee.android and (quoted := self._button_of(employee)) is not None:
            message["reply_to_message"] = quoted
        latitude, longitude = self._near_the_office(employee) if point is None else point
        message["location"] = {"latitude": latitude, "longitude": longitude}
        if not employee.android:
            message["location"]["horizontal_accuracy"] = round(self._chance.uniform(4.0, 65.0), 1)
        return self._telegram.updates.send({"message": message})

    def press_inline(self, employee: Employee, message: SeenMessage, data: str) -> int:
        """Press a button below one of the bot's messages. Returns the update_id."""
        query = {
            "id": str(self._chance.getrandbits(62)),
            "from": employee.as_user(),
            "message": message.raw,
            "chat_instance": str(self._chance.getrandbits(62)),
            "data": data,
        }
        return self._telegram.updates.send({"callback_query": query})

    def have_started(self) -> None:
        """Let everybody have pressed Start some day before, and have the button; the bot hears nothing of it."""
        for employee in self.employees:
            chat = self._telegram.chats.add(employee.as_chat())
            date = int((datetime.now(UTC) - timedelta(days=self._chance.randint(1, 300))).timestamp())
            started = {"message_id": chat.next_id(), "date": date, "chat": chat.info, "text": "/start"}
            chat.keep(SeenMessage(started, from_bot=False))
            hello = {"message_id": chat.next_id(), "date": date, "chat": chat.info, "from": self._telegram.bot}
            hello["text"] = f"Salam, {employee.first_name}! Aşağıdakı düymə ilə yerinizi göndərin."
            chat.keep(SeenMessage(hello, from_bot=True, markup={"keyboard": [[BUTTON]], "is_persistent": True}))

    async def everyone_checks_in(
        self, *, spread: float = 0.0, double_taps: float = 0.0, late: float = 0.0, at: datetime | None = None
    ) -> list[int]:
        """Everybody sends a location once, in random order over `spread` seconds. Returns all update_ids.

        `double_taps` of the people (a share from 0 to 1) tap a second time some seconds later, `late` of them come 5
        to 45 minutes after `at` (now, when not given).
        """
        loop = asyncio.get_running_loop()
        order = self._chance.sample(self.employees, len(self.employees))
        begin, ids = loop.time(), []
        for number, employee in enumerate(order):
            due = begin + spread * number / len(order)
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            elif number % AT_ONCE == 0:
                await asyncio.sleep(0)
            date = at or datetime.now(UTC)
            if self._chance.random() < late:
                date += timedelta(minutes=self._chance.randint(*LATE_BY))
            ids.append(self.send_location(employee, at=date))
            if self._chance.random() < double_taps:
                date += timedelta(seconds=self._chance.randint(1, DOUBLE_TAP_WITHIN))
                ids.append(self.send_location(employee, at=date))
        return ids

    def _message(self, employee: Employee, at: datetime | None) -> dict[str, Any]:
        chat = self._telegram.chats.add(employee.as_chat())
        date = int((at or datetime.now(UTC)).timestamp())
        return {
            "message_id": chat.last_id + 1,
            "from": employee.as_user(),
            "chat": employee.as_chat(),
            "date": date,
        }

    def _near_the_office(self, employee: Employee) -> tuple[float, float]:
        """A point around the office: normally distributed, with `jitter_metres` to the north and to the east."""
        office = employee.office
        north, east = self._chance.gauss(0, self._jitter), self._chance.gauss(0, self._jitter)
        latitude = office.latitude + north / METRES_PER_DEGREE
        longitude = office.longitude + east / (METRES_PER_DEGREE * math.cos(math.radians(office.latitude)))
        return round(latitude, 6), round(longitude, 6)

    def _button_of(self, employee: Employee) -> dict[str, Any] | None:
        """The bot's last message with a reply keyboard, as Android quotes it."""
        for message in reversed(self._telegram.chat(employee.id)):
            if message.from_bot and message.markup is not None and "keyboard" in message.markup:
                return {name: value for name, value in message.raw.items() if name != "reply_to_message"}
        return None
