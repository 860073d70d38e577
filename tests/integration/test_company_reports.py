"""Files, the whole way: asked for at the webhook, made by a process, brought by the sender into Telegram's chat."""

import contextlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from local.families import descendants
from local.folders import LOGS
from simulator.chats import SeenMessage
from simulator.people import Employee, hire
from tests.integration.broker_side import until
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long

ONE_WORKER = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def boss(employees: int) -> str:
    """The id of the first person of a crowd of so many, who is to be the admin."""
    return str(hire(employees, offices=5, seed=1)[0].id)


def files(office: Company, who: Employee) -> list[SeenMessage]:
    """The files that the bot sent to this person, oldest first."""
    return [message for message in office.telegram.chat(who.id) if message.from_bot and message.file is not None]


def makers(pid: int) -> list[int]:
    """The processes below a worker that make files."""
    found = []
    for each in descendants(pid):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if b"checkin_worker.reports" in Path(f"/proc/{each}/cmdline").read_bytes():
                found.append(each)
    return found


async def brought(office: Company, who: Employee, act: Callable[[], int]) -> bytes:
    """Do something, and wait for the next file that the bot sends to this person."""
    before = len(files(office, who))
    act()
    await office.telegram.until(lambda: len(files(office, who)) > before)
    content = files(office, who)[before].file
    assert content is not None
    return content


async def test_a_report_and_ones_own_data_come_as_documents_with_what_was_just_done(rooms: Engines) -> None:
    async with company(rooms, employees=3, ADMIN_IDS=boss(3)) as office:
        crowd = office.crowd
        admin, leman, _ = crowd.employees
        await crowd.everyone_checks_in()
        await office.everybody_answered()

        report = await brought(office, admin, lambda: crowd.say(admin, "/report"))
        matrix, events, totals = load_workbook(BytesIO(report)).worksheets
        assert (events.max_row, totals.max_row) == (4, 4), "three people and a heading"
        assert {cell.data_type for row in totals.iter_rows() for cell in row} <= {"s", "n", "d"}
        assert matrix.freeze_panes == "B3"
        message = files(office, admin)[-1]
        assert message.raw["document"]["file_name"].endswith(".xlsx")
        assert message.text.startswith("📊")
        subjects = await office.database.fetchval("SELECT subjects FROM audit WHERE action = 'report'")
        assert subjects == sorted(employee.id for employee in crowd.employees)

        own = json.loads(await brought(office, leman, lambda: crowd.say(leman, "/mydata")))
        assert [person["user_id"] for person in own["person"]] == [leman.id]
        assert len(own["events"]) == len(own["sessions"]) == 1
        assert [look["action"] for look in own["who_looked"]] == ["report"]
        assert office.figures.refused_calls == 0
        assert set((await office.fleet.stop_all()).values()) == {0}


async def test_a_worker_that_is_killed_while_a_file_is_made_brings_it_once_when_it_is_back(rooms: Engines) -> None:
    async with company(rooms, 2, ONE_WORKER, ADMIN_IDS=boss(2)) as office:
        crowd = office.crowd
        admin = crowd.employees[0]
        await crowd.everyone_checks_in()
        await office.everybody_answered()
        worker = office.fleet.child("checkin_worker")
        crowd.say(admin, "/report")

        async def a_process_makes_it() -> bool:
            return bool(makers(worker.pid))

        await until(a_process_makes_it)
        await office.fleet.kill("checkin_worker")
        assert files(office, admin) == []
        await office.fleet.start("checkin_worker")
        await office.telegram.until(lambda: bool(files(office, admin)))
        await brought(office, admin, lambda: crowd.say(admin, "/mydata"))
        assert len(files(office, admin)) == 2, "the report came once"


async def test_people_check_in_while_a_file_is_made_and_sigterm_finishes_it(rooms: Engines) -> None:
    async with company(rooms, 30, ONE_WORKER, ADMIN_IDS=boss(30)) as office:
        crowd = office.crowd
        admin = crowd.employees[0]
        crowd.press_start(admin)
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) == 1)
        crowd.say(admin, "/report")
        await crowd.everyone_checks_in()
        await office.everybody_answered()
        crowd.say(admin, "/mydata")
        worker = office.fleet.child("checkin_worker")

        async def both_are_asked_for() -> bool:
            count = await office.database.fetchval("SELECT count(*) FROM inbox WHERE user_id = $1", admin.id)
            return bool(count == 4)

        await until(both_are_asked_for)
        assert await office.fleet.stop("checkin_worker") == 0
        assert makers(worker.pid) == []
        await office.fleet.start("checkin_worker")
        await office.telegram.until(lambda: len(files(office, admin)) == 2)
