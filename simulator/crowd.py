"""The crowd: the employees of a company, and the morning on which all of them come at once."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulator.chats import SeenMessage
from simulator.people import hire
from simulator.telephones import Telephones

if TYPE_CHECKING:
    from simulator.telephones import Exchange

DOUBLE_TAP_WITHIN = 8
"""The second tap of a double tap comes 1 to this many seconds after the first."""
LATE_BY = (5, 45)
"""Minutes by which the late are late."""
AT_ONCE = 10
"""People who are let in before the loop may do something else; calls that arrive meanwhile are to be stamped."""
BUTTON = {"text": "📍 Yerimi göndər", "request_location": True}


class Crowd(Telephones):
    """The employees of one company; who they are and what they do is decided by `seed`."""

    def __init__(
        self,
        telegram: Exchange,
        *,
        employees: int = 1000,
        offices: int = 5,
        jitter_metres: float = 15.0,
        seed: int = 1,
    ) -> None:
        super().__init__(telegram, jitter_metres, random.Random(seed + 1))  # noqa: S311 - no secret: repeatable mornings
        self.employees = hire(employees, offices, seed)
        self.offices = list(dict.fromkeys(employee.office for employee in self.employees))
        for employee in self.employees:
            telegram.chats.add(employee.as_chat())

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
