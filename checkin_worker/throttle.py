"""Owns how often the same thing is said to somebody, so that nobody can talk the fleet's cap away."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiogram.filters import Filter

if TYPE_CHECKING:
    from aiogram.types import TelegramObject

    from checkin_worker.desk import Desk
    from shared.database import Connection

COUNT: Final = """
INSERT INTO throttles AS t (user_id, kind, since, times) VALUES ($1, $2, $3, 1)
ON CONFLICT (user_id, kind) DO UPDATE SET
    since = CASE WHEN t.since <= $3 - $4::interval THEN $3 ELSE t.since END,
    times = CASE WHEN t.since <= $3 - $4::interval THEN 1 ELSE t.times + 1 END
RETURNING times
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times within a window that begins with the first one."""

    kind: str
    times: int
    window: timedelta

    async def allows(self, db: "Connection", user_id: int, now: datetime) -> bool:
        """Count one, and say whether it is still within the limit."""
        return bool(await db.fetchval(COUNT, user_id, self.kind, now, self.window) <= self.times)


HINTS: Final = Limit("hint", 1, timedelta(seconds=20))
REFUSALS: Final = Limit("refusal", 2, timedelta(minutes=1))
STRANGERS: Final = Limit("stranger", 1, timedelta(days=1))
ANSWERS: Final = Limit("answer", 12, timedelta(minutes=1))
"""To commands and buttons; a location is answered always."""
REQUESTS: Final = Limit("request", 10, timedelta(minutes=10))
"""For a correction: each is a message to everybody who may decide."""
PRESSES: Final = Limit("press", 60, timedelta(minutes=1))
"""Of buttons, whatever they lead to: each is answered, and such an answer does not wait for its chat to rest."""


class Sparing(Filter):
    """Lets an update through while its sender is within the limit; must be the last filter, since it counts."""

    def __init__(self, limit: Limit = ANSWERS) -> None:
        self._limit = limit

    async def __call__(self, _event: "TelegramObject", desk: "Desk") -> bool:
        """Whether it passes."""
        return await self._limit.allows(desk.db, desk.person.user_id, desk.received_at)
