"""Owns so much of a Telegram as updates come of: the chats, and the numbers of what is said in them."""

import time
from dataclasses import dataclass, field
from typing import Any, Final

from simulator.changes import Changes
from simulator.chats import Chats, SeenMessage
from simulator.crowd import Crowd
from simulator.updates.queue import Updates

IDS_A_SECOND: Final = 10_000
"""No process posts as many updates, so a run that begins later has higher ids than all runs before it."""
IDS_APART: Final = 10**9
"""Between the first ids of two processes of one run: what one posts in a day."""


@dataclass
class Exchange:
    """Hands out what people do as updates; posts nothing."""

    bot: dict[str, Any]
    chats: Chats = field(default_factory=Chats)
    updates: Updates = field(init=False)

    def __post_init__(self) -> None:
        self.updates = Updates(self.chats, Changes())

    def chat(self, chat_id: int) -> list[SeenMessage]:
        """The messages of a chat, oldest first."""
        return self.chats.seen(chat_id)


def crowd_of(people: int, share: int, shares: int) -> tuple[Exchange, Crowd]:
    """The people of a company whom one of so many processes plays, counted from 0; the others play the rest.

    Their ids are strictly increasing, and no other process, of this run or of another, has the same.
    """
    exchange = Exchange({"id": 42, "is_bot": True, "first_name": "Davamiyyət", "username": "davamiyyet_bot"})
    exchange.updates.restart_ids(int(time.time() * IDS_A_SECOND) + share * IDS_APART)
    crowd = Crowd(exchange, employees=people)
    crowd.employees = crowd.employees[share::shares]
    crowd.have_started()
    return exchange, crowd
