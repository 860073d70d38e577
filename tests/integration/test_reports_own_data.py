"""/mydata: everything that is kept about a person, and nothing about anybody else but their names."""

import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aio_pika.abc import AbstractConnection

from checkin_worker.reports import own_data
from checkin_worker.reports.__main__ import make
from checkin_worker.reports.own_data import PARTS
from checkin_worker.reports.request import ReportRequest
from shared.contracts import File, decode
from tests.integration.desk_side import SENT, DeskSide, worker_settings
from tests.integration.report_side import ReportSide, assigned, employee, report_side
from tests.integration.staff import BAKU_OFFICE, office

ADMIN, MANAGER, LEMAN, ANAR = 31, 21, 5_100_000_007, 12


@pytest.fixture
async def reports(worker: DeskSide, queues: AbstractConnection, database_url: str) -> AsyncIterator[ReportSide]:
    """Ləman and Anar at work; a manager."""
    async with report_side(worker, queues, database_url) as side:
        first = await office(worker, "Baş ofis")
        await employee(worker, MANAGER, "Müdirə", role="manager", manages=[first])
        await employee(worker, LEMAN, "Ləman Əliyeva", works=[first])
        await employee(worker, ANAR, "Anar Gizli", works=[first])
        yield side


async def mydata(reports: ReportSide, person: int = LEMAN, language: str = "az") -> File:
    """What answers /mydata."""
    assert await reports.worker.text("/mydata", person=person, language=language) == []
    (call,) = await reports.made()
    assert (call.chat_id, call.method) == (person, "sendDocument")
    assert call.file is not None
    return call.file


def read(file: File) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.content.decode())
    return told


async def test_it_tells_who_one_is_where_one_was_and_when_on_ones_own_clock(reports: ReportSide) -> None:
    await reports.worker.tap(horizontal_accuracy=8.0)
    reports.worker.later(hours=8)
    await reports.worker.tap(horizontal_accuracy=8.0)
    told = read(await mydata(reports))
    assert told["times_are_in"] == "Asia/Baku"
    (person,) = told["person"]
    assert (person["user_id"], person["official_name"], person["role"]) == (LEMAN, "Ləman Əliyeva", "employee")
    arrival, departure = told["events"]
    assert arrival["sent_at"] == SENT.astimezone(SENT.tzinfo).isoformat().replace("05:58:07+00:00", "09:58:07+04:00")
    assert [(each["latitude"], each["longitude"]) for each in (arrival, departure)] == [BAKU_OFFICE] * 2
    (session,) = told["sessions"]
    assert (session["workday"], session["closed_by"], session["start_office"]) == ("2026-07-06", "tap", "Baş ofis")
    assert len(told["handled_messages"]) == 3


async def test_it_tells_who_looked_by_name_and_not_who_else_was_looked_at(reports: ReportSide) -> None:
    await reports.worker.tap()
    await reports.worker.text("/report 2026-07", person=MANAGER)
    await reports.made()
    file = await mydata(reports)
    (look,) = read(file)["who_looked"]
    assert (look["action"], look["by_whom"]) == ("report", "Müdirə")
    assert "Anar" not in file.content.decode()
    assert str(ANAR) not in {str(value) for value in look.values()}
    (own,) = read(await mydata(reports, MANAGER))["looked_at_others"]
    assert (own["action"], own["people"]) == ("report", 2)


async def test_ones_own_data_is_looked_at_by_nobody(reports: ReportSide) -> None:
    await mydata(reports)
    assert await reports.worker.rows("SELECT FROM audit") == []


async def test_all_that_the_company_keeps_is_in_it(reports: ReportSide) -> None:
    worker = reports.worker
    await assigned(worker, LEMAN, (SENT.time(), (SENT + timedelta(hours=8)).time()))
    for statement in (
        "INSERT INTO consents VALUES ($1, 1, 'az', now())",
        "INSERT INTO absences VALUES ($1, '2026-07-02')",
        "INSERT INTO reminders (user_id, workday, kind) VALUES ($1, '2026-07-03', 'checkin')",
        """
        WITH new AS (INSERT INTO campaigns (name, texts, ends_at) VALUES ('Bayram', '{}', now() + interval '1 day')
                     RETURNING campaign_id)
        INSERT INTO campaign_recipients (campaign_id, user_id) SELECT campaign_id, $1 FROM new
        """,
        """
        INSERT INTO corrections (user_id, workday, arrived_at, reason, asked_at, update_id, decided_by)
        VALUES ($1, '2026-07-02', now(), 'Unutdum', now(), 77, 21)
        """,
        "INSERT INTO invites (created_by, uses_left, expires_at) VALUES ($1, 3, now())",
        "INSERT INTO invite_uses (invite_id, user_id) SELECT max(invite_id), $1 FROM invites",
        "INSERT INTO office_managers SELECT $1, max(office_id) FROM offices",
        "INSERT INTO pending_offices VALUES ($1, 'Yeni', 150, 'Asia/Baku', now())",
        """
        INSERT INTO calls (chat_id, key, method, priority, what, outcome, created_at, settled_at)
        VALUES ($1, '5:0', 'sendMessage', 'interactive', 'Salam', 'sent', now(), now())
        """,
        "INSERT INTO audit (actor_id, action, subjects, update_id) VALUES ($1, 'now', '{12}', 5)",
        "INSERT INTO audit (actor_id, action, subjects, update_id) VALUES (21, 'now', ARRAY[$1::bigint], 6)",
    ):
        await worker.rows(statement, LEMAN)
    await worker.tap()
    told = read(await mydata(reports))
    assert set(told) == {"made_at", "times_are_in", *PARTS}
    assert [part for part in PARTS if not told[part]] == []
    assert told["corrections"][0]["decided_by"] == "Müdirə"
    assert told["schedules"][0]["starts"] == "05:58:07"


async def test_every_table_that_knows_a_person_is_asked(worker: DeskSide) -> None:
    """A table that is added later must be told about too."""
    rows = await worker.rows(
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND column_name IN ('user_id', 'chat_id', 'subjects', 'actor_id', 'created_by', 'decided_by')"
    )
    asked = " ".join(PARTS.values()).split()
    assert {row["table_name"] for row in rows} - set(asked) == set()


async def test_every_column_of_what_is_known_about_a_person_is_told(worker: DeskSide) -> None:
    """Left out: the ids of others, what was answered to an update, and what only joins rows."""
    joins = {"user_id", "update_id", "office_id", "schedule_id", "start_office_id", "end_office_id", "correction_id"}
    left_out = {
        "employees": set(),
        "attendance_events": {"actor_id", *joins},
        "sessions": {"start_update_id", "end_update_id", *joins},
        "corrections": {"decided_by", *joins},
        "absences": joins,
        "consents": joins,
        "reminders": joins,
        "campaign_recipients": joins,
        "throttles": joins,
        "pending_offices": joins,
        "calls": {"chat_id"},
    }
    asked = " ".join(PARTS.values())
    for table, without in left_out.items():
        rows = await worker.rows("SELECT column_name FROM information_schema.columns WHERE table_name = $1", table)
        missing = {row["column_name"] for row in rows} - without
        assert {column for column in missing if column not in asked} == set(), table


@pytest.mark.parametrize(("language", "word"), [("az", "melumatlarim"), ("en", "my-data"), ("ru", "мои-данные")])
async def test_the_file_is_named_in_the_persons_language_and_reads_well(
    reports: ReportSide, language: str, word: str
) -> None:
    file = await mydata(reports, language=language)
    assert file.name == f"{word}-2026-07-06.json"
    text = file.content.decode()
    assert '\n  "person": [\n    {\n' in text
    assert "Ləman Əliyeva" in text, "UTF-8, not escapes"


async def test_a_file_that_is_too_long_for_a_message_is_packed(
    reports: ReportSide, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(own_data, "FILE_LIMIT", 1000)
    await reports.worker.text("/mydata")
    (request,) = [decode(ReportRequest, each.body) for each in await reports.requests()]
    made = await make(request, worker_settings(reports.database_url), tmp_path)
    assert made.file == "melumatlarim-2026-07-06.json.zip"
    with zipfile.ZipFile(tmp_path / made.file) as archive:
        told = json.loads(archive.read("melumatlarim-2026-07-06.json"))
    assert told["person"][0]["user_id"] == LEMAN


async def test_a_hostile_name_is_a_text_in_it(reports: ReportSide) -> None:
    hostile = '<b>"}],"x":[{\\ \u202e=CMD()'
    await reports.worker.rows("UPDATE employees SET official_name = $1 WHERE user_id = $2", hostile, LEMAN)
    assert read(await mydata(reports))["person"][0]["official_name"] == hostile
