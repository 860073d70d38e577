"""Owns making the file of a month: rows of one snapshot of the database go to the sheets, person by person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from checkin_worker.presence import rules
from checkin_worker.reports.month import Month, Plan, days_of
from checkin_worker.reports.queries import EVENTS, SESSIONS, Feed, people
from checkin_worker.reports.remarks import entries
from checkin_worker.reports.request import Made, ReportRequest
from checkin_worker.reports.sheets import Employee, Sheets
from checkin_worker.reports.spreadsheet import Spreadsheet
from shared.texts import texts_in

if TYPE_CHECKING:
    from asyncpg import Record

    from checkin_worker.settings import WorkerSettings
    from shared.database import ReadConnection


async def attendance_file(
    db: "ReadConnection", request: ReportRequest, settings: "WorkerSettings", folder: Path
) -> Made:
    """Make the month's .xlsx in the folder; `db` is within a transaction that sees one moment."""
    month, texts = Month.named(request.month), texts_in(request.language)
    company = await rules(db, month.first, month.last, settings)
    found = await people(db, request.scope, request.office_id, (month.first, month.last))
    plans: dict[str, Plan] = {}
    for row in found:
        if row["pattern"] not in plans:
            plans[row["pattern"]] = Plan(company.calendar(row["pattern"]), month)
    feeds = await _feeds(db, month, found, [plans[row["pattern"]] for row in found])
    asked_at = datetime.fromtimestamp(request.asked_at, UTC)
    name = texts.say("report-file", month=month.name)
    with Spreadsheet(folder / name, request.language) as spreadsheet:
        sheets = Sheets(spreadsheet, month, texts)
        for place, row in enumerate(found, 1):
            plan = plans[row["pattern"]]
            sessions, events = await feeds[0].rows(place), await feeds[1].rows(place)
            days = days_of(plan, sessions, row["absences"], asked_at)
            sheets.add(_employee(row, plan, asked_at), days, entries(plan, events, sessions))
        sheets.complete()
    return Made(file=name, people=[row["user_id"] for row in found], rows=sheets.rows)


async def _feeds(db: "ReadConnection", month: Month, found: list["Record"], plans: list[Plan]) -> tuple[Feed, Feed]:
    """The sessions and the events of these people, each of whom has this plan."""
    ids = [row["user_id"] for row in found]
    first, after = [plan.bounds[0] for plan in plans], [plan.bounds[1] for plan in plans]
    nobody = datetime.min.replace(tzinfo=UTC)
    ends = (min(first, default=nobody), max(after, default=nobody))
    sessions = await Feed.of(db, SESSIONS, ids, month.first, month.last)
    return sessions, await Feed.of(db, EVENTS, ids, first, after, *ends, month.first, month.last)


def _employee(row: "Record", plan: Plan, asked_at: datetime) -> Employee:
    """Since when somebody is no longer with the company is not known, nor on how many days they should have come."""
    expected = plan.expected(row["enrolled_at"], asked_at) if row["status"] == "active" else None
    return Employee(row["user_id"], row["name"], row["offices"], plan.zone, expected)
