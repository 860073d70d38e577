"""Owns what the people of a load do: who is next, and whether they send a location, write, or press a button.

Nobody does two things at once: Telegram hands the next update of a chat over when the one before it was taken.
"""

import random
from collections import deque
from typing import Final, NamedTuple

from simulator.chats import SeenMessage
from simulator.crowd import BUTTON, Crowd
from simulator.people import Employee
from simulator.updates.queue import Update
from tests.load.exchange import Exchange

SHARES: Final = {"location": 85, "text": 11, "callback": 4}
"""Of a hundred updates before eleven. A location is all that most ever send; one in eight says something or asks for
the day, and few press a button: the first one below an answer is that of the check-out."""
TEXTS: Final = {"/today": 6, "Sabahınız xeyir!": 3, str(BUTTON["text"]): 1, "/me": 1}
"""What is written, and how often of eleven times; a desktop writes the button's label, for it sends no location."""
HERE: Final = 500
"""People who came last, and may write or press something."""


class _Tap(NamedTuple):
    """Who sent a location, in which update, and when (unix seconds)."""

    person: Employee
    update_id: int
    at: int


class Morning:
    """One after another comes; when all have come, they begin again, and leave."""

    def __init__(self, exchange: Exchange, crowd: Crowd, chance: random.Random) -> None:
        self._exchange = exchange
        self._crowd = crowd
        self._chance = chance
        self._next = 0
        self._here: deque[_Tap] = deque(maxlen=HERE)

    def act(self) -> Update:
        """The update of what is done next; it waits until it is `taken`."""
        (kind,) = self._chance.choices(list(SHARES), list(SHARES.values()))
        tap = self._chance.choice(self._here) if self._here and kind != "location" else None
        if tap is None or self._busy(tap.person):
            return self.check_in()
        return self._press(tap) if kind == "callback" else self._write(tap.person)

    def check_in(self) -> Update:
        """The update of the next person's location."""
        person = self._somebody()
        self._crowd.send_location(person)
        update = self._of("chat", person)
        self._here.append(_Tap(person, update.update_id, update.payload["message"]["date"]))
        return update

    def taken(self, update: Update) -> None:
        """The person of the update may do something else."""
        self._exchange.updates.confirm(update)

    def _somebody(self) -> Employee:
        """The next one who does nothing now; where everybody does, who is next does a second thing at once."""
        people = self._crowd.employees
        for _ in people:
            person = people[self._next % len(people)]
            self._next += 1
            if not self._busy(person):
                return person
        return people[self._next % len(people)]

    def _busy(self, person: Employee) -> bool:
        return ("chat", person.id) in self._exchange.updates.lanes

    def _write(self, person: Employee) -> Update:
        (text,) = self._chance.choices(list(TEXTS), list(TEXTS.values()))
        self._crowd.say(person, text)
        return self._of("chat", person)

    def _press(self, tap: _Tap) -> Update:
        """The button below the answer to a location, that takes a check-out back."""
        data = f"undo:{tap.at}:{tap.update_id}"
        chat = self._exchange.chats.add(tap.person.as_chat())
        said = {
            "message_id": chat.next_id(),
            "date": tap.at,
            "chat": chat.info,
            "from": self._exchange.bot,
            "text": "✅",
        }
        keyboard = {"inline_keyboard": [[{"text": "↩️", "callback_data": data}]]}
        answer = SeenMessage({**said, "reply_markup": keyboard}, from_bot=True, markup=keyboard)
        chat.keep(answer)
        self._crowd.press_inline(tap.person, answer, data)
        return self._of("callback_query", tap.person)

    def _of(self, kind: str, person: Employee) -> Update:
        """The update that was made last by what a person did."""
        return self._exchange.updates.lanes[kind, person.id][-1]


def kind_of(update: Update) -> str:
    """Which of the shares it belongs to."""
    if update.kind == "callback_query":
        return "callback"
    return "location" if "location" in update.payload["message"] else "text"
