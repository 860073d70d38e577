"""Owns the check-ins that benches send: people whom the book knows, and each one's update as Telegram writes it."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.known import know

SEED: Final = 10_55
FIRST_PERSON: Final = 1_000_000
FIRST_UPDATE: Final = 500_000_000
TOWN: Final = (40.3777, 49.8920)
SPREAD: Final = 0.05
"""Degrees north, east: where people are."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One person's first location of the day: the update's bytes, its id, and whose it is."""

    update_id: int
    user_id: int
    body: bytes


async def enrol(database_url: str, people: int) -> None:
    """Let so many be employees from now on."""
    await know(database_url, ((FIRST_PERSON + number, f"Employee {number}", "az") for number in range(people)))


def checkins(first: int, count: int) -> Iterator[CheckIn]:
    """A check-in each of the people number `first` and on, sent now."""
    chance = random.Random(SEED + first)  # noqa: S311 - no secret: the same points in every run
    for number in range(first, first + count):
        yield _checkin(number, chance)


def _checkin(number: int, chance: random.Random) -> CheckIn:
    user_id, update_id = FIRST_PERSON + number, FIRST_UPDATE + number
    name = {"first_name": f"Employee {number}"}
    latitude, longitude = (round(degrees + chance.uniform(-SPREAD, SPREAD), 6) for degrees in TOWN)
    message = {
        "message_id": number + 1,
        "from": {"id": user_id, "is_bot": False, **name, "language_code": "az"},
        "chat": {"id": user_id, **name, "type": "private"},
        "date": int(time.time()),
        "location": {"latitude": latitude, "longitude": longitude, "horizontal_accuracy": 15.0},
    }
    body = json.dumps({"update_id": update_id, "message": message}, separators=(",", ":"))
    return CheckIn(update_id, user_id, body.encode())
