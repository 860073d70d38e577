"""People, offices and schedules of a company, written straight into a worker's database."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from tests.integration.desk_side import DeskSide

LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)
BAKU_OFFICE = (40.37171, 49.85050)


async def office(
    worker: DeskSide, name: str, point: tuple[float, float] = BAKU_OFFICE, *, zone: str = "Asia/Baku"
) -> int:
    """An office of 150 metres; returns its number."""
    (row,) = await worker.rows(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES ($1, $2, $3, 150, $4) "
        "RETURNING office_id",
        name,
        *point,
        zone,
    )
    return int(row["office_id"])


async def person(  # noqa: PLR0913 - a row's columns, each with its usual value
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
    """Somebody of the company; returns their number."""
    await worker.rows(
        "INSERT INTO employees (user_id, chat_id, full_name, role, status, enrolled_at) "
        "VALUES ($1, $1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE SET full_name = $2, role = $3, status = $4",
        user_id,
        name,
        role,
        status,
        since,
    )
    for position, office_id in enumerate(works):
        await worker.rows("INSERT INTO employee_offices VALUES ($1, $2, $3)", user_id, office_id, position)
    for office_id in manages:
        await worker.rows("INSERT INTO office_managers VALUES ($1, $2)", user_id, office_id)
    return user_id


async def schedule(worker: DeskSide, name: str, hours: tuple[time, time], people: Sequence[int]) -> None:
    """A schedule of every day of the week, for these people, since long ago."""
    (row,) = await worker.rows(
        "INSERT INTO schedules (name, starts, ends, weekdays) VALUES ($1, $2, $3, '{1,2,3,4,5,6,7}') "
        "RETURNING schedule_id",
        name,
        *hours,
    )
    for user_id in people:
        values = (user_id, LONG_AGO.date(), row["schedule_id"])
        await worker.rows("INSERT INTO schedule_assignments VALUES ($1, $2, $3)", *values)
