"""A report of a large company: what it takes, measured."""

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
import structlog
from aio_pika.abc import AbstractConnection
from structlog.testing import capture_logs

from shared.contracts import FILE_LIMIT
from tests.integration.desk_side import DeskSide
from tests.integration.report_side import ReportSide, employee, report_side

pytestmark = pytest.mark.long

ADMIN = 31
PEOPLE, DAYS = 2000, 31
MEMORY_MIB = 150

# Everybody works in an office of their own choice, comes around 11:00 in Baku on every day and goes nine hours later;
# fixes jitter as those of telephones do. One in ten is late, one in fifty forgets to check out.
FILL = (
    """
    INSERT INTO offices (name, latitude, longitude, radius_m, timezone)
    SELECT 'Ofis ' || n, 40.37 + n * 0.01, 49.85, 150, 'Asia/Baku' FROM generate_series(1, 5) n
    """,
    """
    INSERT INTO employees (user_id, chat_id, full_name, enrolled_at)
    SELECT 1000000 + n, 1000000 + n, 'Əliyev Vəli ' || n, '2026-01-01' FROM generate_series(1, 2000) n
    """,
    "INSERT INTO employee_offices SELECT user_id, 1 + user_id % 5 FROM employees WHERE user_id > 1000000",
    """
    CREATE TEMP TABLE day AS
    SELECT user_id, workday::date, (workday + interval '6 hours 40 minutes' + random() * interval '22 minutes')
        AT TIME ZONE 'UTC' AS came, random() AS chance, row_number() OVER () AS n
    FROM employees, generate_series(timestamp '2026-07-01', '2026-07-31', interval '1 day') workday
    WHERE user_id > 1000000
    """,
    """
    INSERT INTO attendance_events (user_id, sent_at, update_id, latitude, longitude, accuracy, received_at, fence,
                                   office_id, distance_m, address)
    SELECT user_id, came + part * interval '9 hours', n * 2 + part, 40.37 + (1 + user_id % 5) * 0.01 + random() * 1e-4,
           49.85 + random() * 1e-4, 4 + random() * 30, came + part * interval '9 hours 1 second', 'inside',
           1 + user_id % 5, random() * 100, 'Nizami küçəsi, Nəsimi rayonu, Bakı'
    FROM day, generate_series(0, 1) part WHERE part = 0 OR chance > 0.02
    """,
    """
    INSERT INTO sessions (user_id, workday, ordinal, boundary, start_time, end_time, closed_by, start_update_id,
                          end_update_id, late_seconds, start_fence, start_office_id)
    SELECT user_id, workday, 0, came + interval '20 hours', came,
           came + CASE WHEN chance > 0.02 THEN interval '9 hours' ELSE interval '20 hours' END,
           CASE WHEN chance > 0.02 THEN 'tap' ELSE 'boundary' END, n * 2, n * 2 + 1,
           CASE WHEN chance > 0.9 THEN 720 ELSE 0 END, 'inside', 1 + user_id % 5
    FROM day
    """,
    "DROP TABLE day",
    "ANALYZE",
)


@pytest.fixture
async def reports(worker: DeskSide, queues: AbstractConnection, database_url: str) -> AsyncIterator[ReportSide]:
    """An admin, and a month of everybody."""
    async with report_side(worker, queues, database_url) as side:
        await employee(worker, ADMIN, "Admin", role="admin")
        async with worker.pool.connection() as db:
            for statement in FILL:
                await db.execute(statement, timeout=60)
        worker.now = datetime(2026, 8, 1, tzinfo=UTC)
        yield side


@pytest.mark.timeout(300)  # on a busy machine
async def test_two_thousand_people_and_a_month_fit_into_a_message_and_150_mib(
    reports: ReportSide, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.contextvars.clear_contextvars()
    with capture_logs() as logs:
        call = await reports.report("2026-07", person=ADMIN)
    (made,) = [each for each in logs if each["event"] == "report_made"]
    with capsys.disabled():
        print(f"\n{made}")  # noqa: T201 - the figures are the point
    assert made["people"] == PEOPLE + 1
    assert made["peak_mib"] < MEMORY_MIB
    assert made["bytes"] <= FILE_LIMIT
    assert call.file is not None
    with zipfile.ZipFile(BytesIO(call.file.content)) as parts:
        rows = [parts.read(f"xl/worksheets/sheet{number}.xml").count(b"<row ") for number in (1, 2, 3)]
    month, events, totals = rows
    assert totals == PEOPLE + 2, "the admin, and the heading"
    assert month >= totals
    assert events > PEOPLE * DAYS * 1.9
