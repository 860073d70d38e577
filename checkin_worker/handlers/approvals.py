"""Owns /approve: what waits for the decision of whoever asks, oldest first, each with its buttons.

Who presses them is answered in the rooms of the requests: `admit:` and `correct:`.
"""

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from checkin_worker import corrections, oversight
from checkin_worker.access import AtLeast, Standing
from checkin_worker.correction_words import Wish
from checkin_worker.corrections import Shown
from checkin_worker.desk import Desk
from checkin_worker.entry_number import entry_number
from checkin_worker.handlers import admissions
from checkin_worker.handlers.admissions import ADMIT
from checkin_worker.keyboards import inline
from checkin_worker.throttle import Sparing
from shared.texts import Texts

if TYPE_CHECKING:
    from asyncpg import Record

# Requests to be let in, which are for admins ($1 is NULL), and corrections asked for by the people whom one decides
# about, with the stays recorded on that day, without an end where nobody checked out; the first $2 of them, and how
# many there are.
WAITING: Final = f"""
SELECT waiting.*, recorded.*, count(*) OVER () AS everything, coalesce((
    SELECT o.timezone FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = waiting.user_id
    ORDER BY w.position, w.office_id LIMIT 1), $3) AS zone
FROM (SELECT 'admit' AS kind, e.user_id AS number, e.user_id, coalesce(e.official_name, e.full_name) AS name,
          e.enrolled_at AS asked_at, NULL::bigint AS update_id, NULL::date AS workday, NULL::timestamptz AS arrived_at,
          NULL::timestamptz AS left_at, NULL AS reason
      FROM employees e WHERE e.status = 'pending' AND $1::bigint IS NULL
      UNION ALL
      SELECT 'correct', c.correction_id, e.user_id, coalesce(e.official_name, e.full_name),
          c.asked_at, c.update_id, c.workday, c.arrived_at, c.left_at, c.reason
      FROM corrections c JOIN employees e USING (user_id) WHERE c.state = 'open' AND {oversight.DECIDABLE}) waiting
LEFT JOIN LATERAL (SELECT coalesce(array_agg(s.start_time ORDER BY s.ordinal), '{{}}') AS came,
                          array_agg(CASE WHEN s.closed_by <> 'boundary' THEN s.end_time END ORDER BY s.ordinal) AS gone
                   FROM sessions s WHERE s.user_id = waiting.user_id AND s.workday = waiting.workday) recorded ON true
ORDER BY asked_at, number LIMIT $2
"""  # noqa: S608 - a constant
AT_ONCE: Final = 5
"""Requests in one answer; each is a message, and Telegram lets a chat have about one a second."""


def router() -> Router:
    """The handlers of this room."""
    routes = Router(name="approvals")
    routes.message.register(approve, Command("approve"), AtLeast(Standing.MANAGER), Sparing())
    return routes


async def approve(message: Message, desk: Desk) -> None:
    """Show what has waited longest; each request is a message of its own, since a decision changes it."""
    async with desk.reader.connection(desk.db) as replica:
        rows = await replica.fetch(WAITING, oversight.scope(desk), AT_ONCE, desk.settings.timezone)
    if not rows:
        await message.answer(desk.texts.say("approve-nothing"))
        return
    await oversight.note(desk, "approve", {row["user_id"] for row in rows})
    await message.answer(desk.texts.say("approve-waiting", requests=rows[0]["everything"], shown=len(rows)))
    for row in rows:
        told = _admission if row["kind"] == ADMIT else _correction
        text, buttons = told(row, desk.texts)
        await message.answer(text, reply_markup=inline(buttons))


def _admission(row: "Record", texts: Texts) -> tuple[str, list[tuple[str, str]]]:
    text = texts.say("request", name=row["name"], account=str(row["user_id"]))
    return text, admissions.buttons(texts, row["user_id"])


def _correction(row: "Record", texts: Texts) -> tuple[str, list[tuple[str, str]]]:
    wish = Wish(row["workday"], row["arrived_at"], row["left_at"], row["reason"])
    spans = list(zip(row["came"], row["gone"] or (), strict=True))
    number = entry_number(row["user_id"], (row["asked_at"], row["update_id"]))
    shown = Shown(number, row["name"], wish, spans, ZoneInfo(row["zone"]))
    return shown.told(texts), corrections.buttons(texts, row["number"])
