"""Asking for a file: who may, for what, how often; and its way to the sender, whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest
from aio_pika.abc import AbstractConnection

from checkin_worker.lateness import LATE
from checkin_worker.reports import making, process
from checkin_worker.reports.__main__ import snapshot
from checkin_worker.reports.attendance_file import attendance_file
from checkin_worker.reports.making import ReportHandler
from checkin_worker.reports.request import ReportRequest
from shared.contracts import decode
from shared.delivery import Done, Retry
from shared.errors import DatabaseUnavailable
from shared.topology import REPORTS
from tests.integration.desk_side import DeskSide, worker_settings
from tests.integration.report_side import ReportSide, employee, environment, opened, report_side, sheets, table
from tests.integration.staff import office

ADMIN, MANAGER, LEMAN, ANAR, BASAT = 31, 21, 5_100_000_007, 12, 13
JULY_20 = datetime(2026, 7, 20, 8, 0, tzinfo=UTC)


@pytest.fixture
async def reports(worker: DeskSide, queues: AbstractConnection, database_url: str) -> AsyncIterator[ReportSide]:
    """Two offices: Ləman and Anar work in the first, which the manager manages; Basat in the second."""
    async with report_side(worker, queues, database_url) as side:
        first, second = await office(worker, "Baş ofis"), await office(worker, "Port Baku", (40.3756, 49.8634))
        await employee(worker, ADMIN, "Admin", role="admin")
        await employee(worker, MANAGER, "Müdirə", role="manager", manages=[first])
        await employee(worker, LEMAN, "Ləman", works=[first])
        await employee(worker, ANAR, "Anar", works=[first])
        await employee(worker, BASAT, "Basat", works=[second])
        worker.now = JULY_20
        yield side


async def asked_for(reports: ReportSide) -> list[ReportRequest]:
    return [decode(ReportRequest, each.body) for each in await reports.requests()]


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def away(reports: ReportSide, port: int, **changed: str) -> ReportHandler:
    """The same consumer, whose processes find another database than its own."""
    elsewhere = environment(f"postgresql://fleet:x@127.0.0.1:{port}/fleet", **changed)
    return ReportHandler(reports.worker.pool, reports.publisher, elsewhere)


async def test_a_manager_gets_the_people_of_their_offices_and_an_admin_gets_all(reports: ReportSide) -> None:
    names = {}
    for who in (MANAGER, ADMIN):
        _, _, totals = sheets(await reports.workbook("2026-07", person=who))
        names[who] = {row["Ad"] for row in table(totals)}
    assert names == {MANAGER: {"Ləman", "Anar"}, ADMIN: {"Admin", "Müdirə", "Ləman", "Anar", "Basat"}}


async def test_the_file_is_a_document_in_the_chat_with_a_caption_under_the_updates_own_key(
    reports: ReportSide,
) -> None:
    call = await reports.report("2026-07", person=MANAGER)
    assert call.key == f"{reports.worker.last_update}:report"
    assert (call.chat_id, call.params) == (
        MANAGER,
        {"chat_id": MANAGER, "caption": "📊 Davamiyyət: iyul 2026. İşçi sayı: 2"},
    )
    assert call.asked_at == reports.worker.now.timestamp() + 1
    assert (call.late_after, call.late_note) == (LATE, "⏱ Bu mesaj gecikib.")
    assert call.file is not None
    assert (call.file.field, call.file.name) == ("document", "davamiyyet-2026-07.xlsx")
    assert opened(call.file).sheetnames == ["Cədvəl", "Qeydlər", "Yekun"]


async def test_who_was_shown_is_written_down_once_however_often_the_request_comes(reports: ReportSide) -> None:
    await reports.worker.text("/report 2026-07", person=MANAGER)
    (request,) = await reports.requests()
    assert [await reports.handler(request) for _ in range(2)] == [Done(), Done()]
    rows = await reports.worker.rows("SELECT actor_id, action, subjects, update_id FROM audit")
    assert [tuple(row) for row in rows] == [(MANAGER, "report", [ANAR, LEMAN], reports.worker.last_update)]
    one, other = await reports.calls()
    assert one.key == other.key, "which the sender calls once"


async def test_the_update_itself_answers_nothing_and_the_request_is_published_with_its_effect(
    reports: ReportSide,
) -> None:
    assert await reports.worker.text("/report 2026-07", person=ADMIN, language="ru") == []
    (request,) = await asked_for(reports)
    assert request == ReportRequest(
        kind="month",
        update_id=reports.worker.last_update,
        user_id=ADMIN,
        language="ru",
        zone="Asia/Baku",
        asked_at=JULY_20.timestamp() + 1,
        scope=None,
        month="2026-07",
    )


@pytest.mark.parametrize(
    ("words", "month"),
    [
        ("", "2026-07"),
        ("2026-06", "2026-06"),
        ("2026-6", "2026-06"),
        ("06.2026", "2026-06"),
        ("6.2026", "2026-06"),
        ("2026-07", "2026-07"),
    ],
)
async def test_a_month_is_written_in_several_ways_and_none_is_this_one(
    reports: ReportSide, words: str, month: str
) -> None:
    await reports.worker.text(f"/report {words}".strip(), person=ADMIN)
    assert [request.month for request in await asked_for(reports)] == [month]


async def test_this_month_is_the_one_on_the_persons_own_clock(reports: ReportSide) -> None:
    tokyo = await office(reports.worker, "Tokyo", (35.68, 139.76), zone="Asia/Tokyo")
    await reports.worker.rows("INSERT INTO employee_offices VALUES ($1, $2)", ADMIN, tokyo)
    reports.worker.now = datetime(2026, 7, 31, 16, 0, tzinfo=UTC)  # in Baku July still, in Tokyo August
    for who in (MANAGER, ADMIN):
        await reports.worker.text("/report", person=who)
    assert [request.month for request in await asked_for(reports)] == ["2026-07", "2026-08"]


@pytest.mark.parametrize(
    "words", ["2026-13", "2026-00", "1999-05", "07", "iyul", "2026-07-01", "2026-07 Yoxdur", "२०२६-०७"]
)
async def test_a_month_or_an_office_that_is_none_is_answered_with_how_to_write_it(
    reports: ReportSide, words: str
) -> None:
    (call,) = await reports.worker.text(f"/report {words}", person=ADMIN)
    assert call.params["text"].splitlines()[1] == "/report 2026-07"
    assert await reports.requests() == []


async def test_a_month_to_come_is_answered_with_the_one_that_is(reports: ReportSide) -> None:
    (call,) = await reports.worker.text("/report 2026-08", person=ADMIN)
    assert call.params["text"] == "Bu ay hələ başlamayıb. Bu ayın hesabatı: /report 2026-07"
    assert await reports.requests() == []


async def test_an_office_narrows_the_report_down_to_its_people(reports: ReportSide) -> None:
    for words in ("2026-07 baş  OFİS".replace("İ", "i"), "Baş ofis"):
        _, _, totals = sheets(await reports.workbook(words, person=ADMIN))
        assert {row["Ad"] for row in table(totals)} == {"Ləman", "Anar"}


async def test_a_manager_does_not_learn_that_an_office_of_others_exists(reports: ReportSide) -> None:
    (others,) = await reports.worker.text("/report 2026-07 Port Baku", person=MANAGER)
    (nobodys,) = await reports.worker.text("/report 2026-07 Yoxdur", person=MANAGER)
    assert others.params["text"] == nobodys.params["text"]


async def test_an_employee_gets_no_report(reports: ReportSide) -> None:
    (call,) = await reports.worker.text("/report 2026-07", person=LEMAN)
    assert call.method == "sendMessage"
    assert await reports.requests() == []


async def test_a_fourth_file_in_a_minute_is_refused_with_one_word_and_a_fifth_in_silence(reports: ReportSide) -> None:
    answers = [await reports.worker.text(command, person=ADMIN) for command in ["/report", "/mydata"] * 3]
    assert [len(calls) for calls in answers] == [0, 0, 0, 1, 0, 0]
    assert answers[3][0].params["text"].startswith("⏳")
    assert len(await reports.requests()) == 3
    reports.worker.later(minutes=1)
    assert await reports.worker.text("/report", person=ADMIN) == []
    assert len(await reports.requests()) == 1


async def test_a_file_that_is_too_large_is_not_sent_but_how_to_make_it_smaller(
    reports: ReportSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "FILE_LIMIT", 1000)
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (call,) = await reports.made()
    assert (call.method, call.file) == ("sendMessage", None)
    assert call.params["text"].endswith("/report 2026-07 Ofisin adı")
    assert await reports.worker.rows("SELECT FROM audit") == [], "nobody was shown"


@pytest.mark.long
async def test_a_process_that_fails_is_tried_again_and_the_last_failure_is_told(reports: ReportSide) -> None:
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (request,) = await reports.requests()
    broken = away(reports, 1, TIMEZONE="nowhere")
    for tries in range(len(REPORTS.retries)):
        verdict = await broken(replace(request, tries=tries))
        assert verdict == Retry("the process ended with status 2")
        assert await reports.calls() == []
    assert isinstance(await broken(replace(request, tries=len(REPORTS.retries))), Retry)
    (call,) = await reports.calls()
    assert (call.method, call.params["text"]) == ("sendMessage", "😔 Fayl alınmadı. Bir az sonra yenidən yazın.")
    assert await reports.handler(request) == Done(), "a dead letter that is handed out again"
    (file,) = await reports.calls()
    assert file.key != call.key, "so that the sender does not take it for said already"


async def test_while_the_database_is_away_a_request_is_kept_and_no_try_is_counted(reports: ReportSide) -> None:
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (request,) = await reports.requests()
    with pytest.raises(DatabaseUnavailable):
        await away(reports, 1)(replace(request, tries=len(REPORTS.retries)))
    assert await reports.calls() == [], "nobody is told that it failed"
    assert await reports.handler(request) == Done()


async def test_a_request_that_fails_in_a_database_that_was_found_is_counted(reports: ReportSide) -> None:
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (request,) = await reports.requests()
    await reports.worker.rows("ALTER TABLE sessions RENAME COLUMN late_seconds TO gone")
    assert await reports.handler(request) == Retry("the process ended with status 1")
    await reports.worker.rows("ALTER TABLE sessions RENAME COLUMN gone TO late_seconds")
    assert await reports.handler(request) == Done()


class Silence:
    """A database that lets in and never answers: whoever asks it waits."""

    def __init__(self) -> None:
        self.came, self.went = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it is."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.set()
        await reader.read()
        self.went.set()
        writer.close()


async def test_a_process_that_takes_too_long_is_ended_and_tried_again(
    reports: ReportSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TIME_LIMIT", 0.5)
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (request,) = await reports.requests()
    async with Silence() as silence:
        assert await away(reports, silence.port)(request) == Retry("took longer than 0 s")


async def test_a_cancelled_request_takes_its_process_with_it_and_leaves_no_file(
    reports: ReportSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await reports.worker.text("/report 2026-07", person=ADMIN)
    (request,) = await reports.requests()
    async with Silence() as silence:
        task = asyncio.create_task(away(reports, silence.port)(request))
        await asyncio.wait_for(silence.came.wait(), 30)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await asyncio.wait_for(silence.went.wait(), 30)
    assert left_in(tmp_path) == []


async def test_the_sheets_agree_though_people_go_on_checking_in(reports: ReportSide, tmp_path: Path) -> None:
    worker = reports.worker
    await worker.text("/report 2026-07", person=ADMIN)
    (request,) = await asked_for(reports)
    settings = worker_settings(reports.database_url)
    async with snapshot(settings) as db:
        await db.fetchval("SELECT count(*) FROM employees")  # from here on it sees one moment
        await worker.tap(person=LEMAN)
        made = await attendance_file(db, request, settings, tmp_path)
    assert len(made.people) == 5
    async with snapshot(settings) as db:
        later = await attendance_file(db, request, settings, tmp_path)
    assert later.rows == made.rows + 1, "the event came after the first"
