"""The reports of a worker without its process: what is queued for them is made, and what is sent comes out."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path

from aio_pika.abc import AbstractConnection
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import SecretStr

from checkin_worker.reports.__main__ import make
from checkin_worker.reports.making import ReportHandler
from checkin_worker.reports.request import ReportRequest
from shared.broker import Link
from shared.contracts import File, OutboundCall, decode
from shared.delivery import Delivery, Done
from shared.publisher import Publisher
from shared.topology import FILES, INTERACTIVE, REPORTS
from tests.integration.desk_side import DeskSide, taken, worker_settings
from tests.integration.staff import LONG_AGO, person

LONG_AGO_DAY = LONG_AGO.date()


def environment(database_url: str, **changed: str) -> dict[str, str]:
    """What a worker's environment is, as far as the process that makes files reads it."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "RABBITMQ_URL": "amqp://not-asked",
        "TELEGRAM_BOT_TOKEN": "1:token",
        "REGISTRATION": "open",
        **changed,
    }


@dataclass
class ReportSide:
    """A worker, and its second consumer."""

    worker: DeskSide
    handler: ReportHandler
    connection: AbstractConnection
    publisher: Publisher
    database_url: str

    async def requests(self) -> list[Delivery]:
        """What was queued for the reports since."""
        return [
            Delivery(REPORTS.name, each.message_id or "", each.body, each.headers, tries=0, redelivered=False)
            for each in await taken(self.connection, REPORTS.name)
        ]

    async def made(self) -> list[OutboundCall]:
        """Make what was asked for; returns the calls that bring it."""
        for request in await self.requests():
            assert await self.handler(request) == Done()
        return await self.calls()

    async def calls(self) -> list[OutboundCall]:
        """What is queued for the sender."""
        return [
            decode(OutboundCall, each.body)
            for name in (INTERACTIVE.name, FILES.name)
            for each in await taken(self.connection, name)
        ]

    async def report(self, words: str = "", *, person: int, language: str = "az") -> OutboundCall:
        """What answers /report with these words; a file."""
        assert await self.worker.text(f"/report {words}".strip(), person=person, language=language) == []
        (call,) = await self.made()
        assert call.method == "sendDocument"
        return call

    async def workbook(self, words: str = "", *, person: int, language: str = "az") -> Workbook:
        """The same, opened; made in this process, which is quicker."""
        assert await self.worker.text(f"/report {words}".strip(), person=person, language=language) == []
        (request,) = await self.requests()
        with tempfile.TemporaryDirectory() as folder:
            made = await make(decode(ReportRequest, request.body), worker_settings(self.database_url), Path(folder))
            return load_workbook(Path(folder) / made.file)


@contextlib.asynccontextmanager
async def report_side(worker: DeskSide, connection: AbstractConnection, database_url: str) -> AsyncIterator[ReportSide]:
    """The second consumer of this worker; nothing is queued for it at first."""
    await taken(connection, REPORTS.name)
    publisher = Publisher()
    await publisher.attach(connection, Link(SecretStr("amqp://not-asked"), "test", []))
    handler = ReportHandler(worker.pool, publisher, environment(database_url))
    yield ReportSide(worker, handler, connection, publisher, database_url)
    await publisher.detach()


async def employee(  # noqa: PLR0913 - a row's columns, each with its usual value
    worker: DeskSide,
    user_id: int,
    name: str,
    *,
    role: str = "employee",
    status: str = "active",
    works: Sequence[int] = (),
    manages: Sequence[int] = (),
    since: datetime = LONG_AGO,
) -> int:
    """Somebody whom the company calls so, whatever Telegram does; returns their number."""
    await person(worker, user_id, "?", role=role, status=status, works=works, manages=manages, since=since)
    await worker.rows("UPDATE employees SET official_name = $2 WHERE user_id = $1", user_id, name)
    return user_id


async def assigned(worker: DeskSide, user_id: int, hours: tuple[time, time], since: date = LONG_AGO_DAY) -> None:
    """Somebody works at these hours on every day of the week, from that day on."""
    await worker.rows(
        "WITH made AS (INSERT INTO schedules (name, starts, ends, weekdays) "
        "VALUES ('hər gün', $3, $4, '{1,2,3,4,5,6,7}') RETURNING schedule_id) "
        "INSERT INTO schedule_assignments SELECT $1, $2, schedule_id FROM made",
        user_id,
        since,
        *hours,
    )


def opened(file: File | None) -> Workbook:
    """A file as a spreadsheet program reads it: a second pair of eyes on what was written."""
    assert file is not None
    return load_workbook(BytesIO(file.content))


def sheets(workbook: Workbook) -> tuple[Worksheet, Worksheet, Worksheet]:
    """The matrix, the events, the totals."""
    matrix, events, totals = workbook.worksheets
    return matrix, events, totals


def row_of(sheet: Worksheet, name: str) -> list[Cell]:
    """The first row of somebody, by their name."""
    return next([cell for cell in row if isinstance(cell, Cell)] for row in sheet.iter_rows() if row[0].value == name)


def table(sheet: Worksheet) -> list[dict[str, object]]:
    """The rows below the heading, by its words."""
    heading, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows]
