"""A day of two people and their manager, from Telegram's side; `docs/a-day.md` is its transcript.

`make a-day` writes the page anew.
"""

import os
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from local.folders import LOGS
from simulator.people import Employee, Office
from tests.integration.company import Engines
from tests.integration.play import Line, Play, played, settings_of

pytestmark = pytest.mark.long

PAGE = Path(__file__).parents[2] / "docs" / "a-day.md"
BAKU = ZoneInfo("Asia/Baku")
HEAD = (40.3777, 49.8920)
DESK, WINDOW = (40.377712, 49.892105), (40.377655, 49.891930)
NEARBY = (40.3790, 49.8920)
"""145 m to the north: with a blurred fix nobody can tell on which side of the fence it is."""
AT = Office("Baş ofis", "Neftçilər prospekti 1", *HEAD)
BOSS = Employee(501, "Rəşad", "Quliyev", "resad", "az", AT, android=False)
LEMAN = Employee(502, "Ləman", "Əliyeva", "leman", "az", AT, android=True)
EMMA = Employee(503, "Emma", "Brown", None, "en", AT, android=False)

HEAD_OF_PAGE = """\
# A day

Written by a test (`make a-day`) from what a simulated Telegram saw: the updates went in at the webhook, and these are
the messages that the telephones showed. Ləman's telephone speaks Azerbaijani, Emma's English; Rəşad manages them.
Buttons stand in brackets.
"""


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


async def test_a_day_goes_as_its_page_says(rooms: Engines) -> None:
    begin = datetime(2026, 11, 23, 8, 30, tzinfo=BAKU)
    async with played(rooms, [BOSS, LEMAN, EMMA], begin, settings_of(rooms, BOSS)) as play:
        await opening(play, rooms)
        await monday(play)
        await tuesday(play)
    page = HEAD_OF_PAGE + "".join(map(told, play.lines))
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


async def opening(play: Play, rooms: Engines) -> None:
    """The manager makes an office and invites two people, who agree."""
    await play.write(BOSS, "/start")
    await play.press(BOSS, "consent:1", calls=3)
    await play.write(BOSS, "/office add Baş ofis radius 150")
    await play.send(BOSS, HEAD)
    await play.write(BOSS, "/invite 2 7 Baş ofis")
    link = re.search(r"start=([\w-]+)", play.last(BOSS).text)
    assert link is not None, play.lines[-6:]
    for minute, person in ((40, LEMAN), (45, EMMA)):
        play.at(f"08:{minute}:00")
        await play.write(person, f"/start {link[1]}")
        await play.press(person, "consent:1", calls=3)
    await nine_to_six(rooms.database_url)


async def nine_to_six(database_url: str) -> None:
    """What `fleet schedule add` and `assign` do: from nine to six, with ten minutes of grace, for everybody."""
    database = await asyncpg.connect(database_url)
    await database.execute(
        "INSERT INTO schedules (name, starts, ends, grace_minutes, country) VALUES ('Ofis', '09:00', '18:00', 10, 'AZ')"
    )
    await database.execute(
        "INSERT INTO schedule_assignments SELECT user_id, '2026-01-01', schedule_id FROM employees, schedules"
    )
    await database.close()


async def monday(play: Play) -> None:
    """One is in time, one is late; a mistake is undone, a check-out forgotten."""
    play.at("08:57:12")
    await play.send(LEMAN, DESK)
    play.at("09:14:40")
    await play.send(EMMA, NEARBY, accuracy=60.0)
    play.at("09:15:55")
    await play.send(EMMA, WINDOW, accuracy=8.0, live_period=900)
    play.at("10:02:00")
    await play.write(LEMAN, "Salam! Necəsiniz?")
    play.at("11:00:00")
    await play.write(BOSS, "/now")
    play.at("13:00:10")
    await play.send(LEMAN, DESK)
    play.at("13:00:40")
    await play.press(LEMAN, "undo:", calls=2)
    play.at("15:30:00")
    await play.write(EMMA, "/today")
    await play.write(EMMA, "/why")
    play.at("18:04:30")
    await play.send(LEMAN, DESK)


async def tuesday(play: Play) -> None:
    """The forgotten check-out is asked about, and corrected with the manager's leave."""
    play.at("08:58:00", days=1)
    await play.send(EMMA, WINDOW, accuracy=8.0)
    await play.press(EMMA, "left:", calls=2)
    play.at("09:30:00")
    await play.press(BOSS, "correct:yes", calls=3)
    play.at("18:01:00")
    await play.write(EMMA, "/me")
    await play.write(LEMAN, "/me")
    await play.write(LEMAN, "/privacy")
    await play.write(BOSS, "/report 2026-11")


def told(line: Line) -> str:
    """A line as Markdown: who and when, and below it what was said."""
    if not line.by_bot:
        return f"\n**{line.at:%A %H:%M:%S} · {line.whose}**: {line.text}\n"
    said = "\n".join(f"    {each}".rstrip() for each in line.text.splitlines())
    buttons = "".join(f" [ {button} ]" for button in line.buttons)
    edited = ", edited" if line.edited else ""
    return f"\nto {line.whose}{edited}:\n\n{said}\n" + (f"\n    {buttons.strip()}\n" if buttons else "")
