"""Owns the three sheets of a month: people and days, events, totals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date

from checkin_worker.reports.month import DayOf, Month, totals_of
from checkin_worker.reports.remarks import Entry, remarks
from checkin_worker.reports.spreadsheet import Cell, Sheet, Spreadsheet, Value
from shared.texts import Texts, plain_name

_OFF: Final = "#D9D9D9"
_LATE: Final = "#FFD966"
_ABSENT: Final = "#F4B6B6"
_FORGOTTEN: Final = "#BDD7EE"
_HERE: Final = "#E2F0D9"
LATE_MARK: Final = "!"
FORGOTTEN_MARK: Final = "?"
HERE_MARK: Final = "…"
"""After a duration; printed in black and white, the colours are gone."""

_EVENTS: Final = {
    "name": 28,
    "workday": 12,
    "event": 24,
    "sent": 20,
    "received": 20,
    "zone": 14,
    "place": 36,
    "fence": 14,
    "distance": 11,
    "accuracy": 11,
    "remarks": 60,
}
_TOTALS: Final = {
    "name": 28,
    "id": 14,
    "office": 24,
    "zone": 14,
    "due": 10,
    "present": 10,
    "worked": 12,
    "lates": 11,
    "late": 12,
    "excused": 11,
    "absences": 11,
    "forgotten": 13,
}
"""The columns by their messages, `report-column-*`, and how wide they are."""


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody in the month.

    Attributes:
        name: empty for somebody who is forgotten.
        offices: where they work; none where that is everywhere.
        expected: on how many days they should have come so far; None where that cannot be said.
    """

    user_id: int
    name: str
    offices: str | None
    zone: ZoneInfo
    expected: int | None

    def local(self, moment: datetime) -> datetime:
        """The moment on their clock, without its zone, as a sheet has it."""
        return moment.astimezone(self.zone).replace(tzinfo=None)


class Sheets:
    """The sheets of one month, filled person by person."""

    def __init__(self, spreadsheet: Spreadsheet, month: Month, texts: Texts) -> None:
        self._texts = texts
        self._words: dict[str, str] = {}
        self._month = spreadsheet.sheet(self._word("sheet-month"), [28, 24, *(8 for _ in month.days)])
        self._events = self._table(spreadsheet, "events", _EVENTS)
        self._totals = self._table(spreadsheet, "totals", _TOTALS)
        self._month.heading([self._word("column-name"), self._word("column-office"), *month.days])
        self._month.heading([None, None, *(format_date(day, "EEE", locale=texts.language) for day in month.days)])
        self._month.freeze(2, 1)

    @property
    def rows(self) -> int:
        """How many there are in all sheets."""
        return self._month.rows + self._events.rows + self._totals.rows

    def add(self, employee: Employee, days: Sequence[DayOf], events: Iterable[Entry]) -> None:
        """Add somebody's month to all three sheets."""
        name = plain_name(employee.name) if employee.name else self._word("nobody")
        self._month.row([name, employee.offices, *map(self._cell, days)])
        for entry in events:
            self._events.row(self._event(name, employee, entry))
        self._totals.row(_sum(name, employee, days))

    def complete(self) -> None:
        """Explain the marks below the matrix, and let the tables be filtered."""
        hours = timedelta(hours=7, minutes=30)
        self._month.row([])
        for sample, said in (
            (Cell(hours), "worked"),
            (Cell(hours, _LATE, LATE_MARK), "late"),
            (Cell(hours, _FORGOTTEN, FORGOTTEN_MARK), "forgotten"),
            (Cell(hours, _HERE, HERE_MARK), "here"),
            (Cell(self._word("absent"), _ABSENT), "absent"),
            (Cell(None, _OFF), "off"),
        ):
            self._month.row([sample, self._word(f"legend-{said}")])
        self._events.filtered(len(_EVENTS))
        self._totals.filtered(len(_TOTALS))

    def _table(self, spreadsheet: Spreadsheet, name: str, columns: dict[str, int]) -> Sheet:
        sheet = spreadsheet.sheet(self._word(f"sheet-{name}"), list(columns.values()))
        sheet.heading([self._word(f"column-{column}") for column in columns])
        sheet.freeze(1, 1)
        return sheet

    def _word(self, name: str) -> str:
        """A text without values, formatted once."""
        if name not in self._words:
            self._words[name] = self._texts.say(f"report-{name}")
        return self._words[name]

    def _cell(self, day: DayOf) -> Cell:
        """A day in the matrix: what was worked, and what is to be known about it; a late arrival before all else."""
        if not day.came:
            return Cell(self._word("absent"), _ABSENT) if day.absent else Cell(None, "" if day.due else _OFF)
        signs = (
            (bool(day.late), _LATE, LATE_MARK),
            (day.forgotten, _FORGOTTEN, FORGOTTEN_MARK),
            (day.here, _HERE, HERE_MARK),
        )
        seen = [(colour, mark) for holds, colour, mark in signs if holds]
        colours = chain((colour for colour, _ in seen), ("" if day.due else _OFF,))
        return Cell(day.worked, next(colours), "".join(mark for _, mark in seen))

    def _event(self, name: str, employee: Employee, entry: Entry) -> list[Value]:
        row = entry.row
        said = remarks(entry, self._texts, employee.local)
        return [
            name,
            entry.workday,
            self._word(f"event-{entry.what}"),
            employee.local(row["sent_at"]),
            employee.local(row["received_at"]),
            employee.zone.key,
            row["office"] if row["fence"] == "inside" else row["address"],
            self._word(f"fence-{row['fence']}") if row["fence"] else None,
            None if row["distance_m"] is None else round(row["distance_m"]),
            None if row["accuracy"] is None else round(row["accuracy"]),
            "; ".join(said) or None,
        ]


def _sum(name: str, employee: Employee, days: Sequence[DayOf]) -> list[Value]:
    totals = totals_of(days)
    return [
        name,
        employee.user_id,
        employee.offices,
        employee.zone.key,
        employee.expected,
        totals.present,
        totals.worked,
        totals.lates,
        totals.late,
        totals.excused,
        totals.absences,
        totals.forgotten,
    ]
