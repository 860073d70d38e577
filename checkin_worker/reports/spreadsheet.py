"""Owns an .xlsx that is written row by row: how each kind of value becomes a cell, and what a cell looks like."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import xlsxwriter

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_OPTIONS: Final = {
    "constant_memory": True,  # a row is written when the next one begins
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_DATES: Final = {"en": "yyyy-mm-dd"}
_DATE: Final = "dd.mm.yyyy"
_DAYS: Final = {"en": "d mmm"}
_DAY: Final = "dd.mm"
"""Excel's number formats of a date, and of one within a month, by language; the others write them alike."""
_DURATION: Final = "[h]:mm"
_TEXT_LENGTH: Final = 1000

Value = str | int | float | date | timedelta | None


class Cell(NamedTuple):
    """A value, the colour behind it (as #RRGGBB), and a mark that is shown after a duration."""

    value: Value
    colour: str = ""
    mark: str = ""


class Spreadsheet:
    """A workbook on its way to a file; to be used as a context manager, which completes the file.

    Text is written as text, whatever it begins with: nothing in it is ever a formula, a number or a link.
    """

    def __init__(self, path: Path, language: str) -> None:
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": path.parent})
        self._language = language
        self._looks: dict[tuple[type, str, str], Format] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: "type[BaseException] | None", *_: object) -> None:
        if kind is None:
            self._book.close()

    def sheet(self, name: str, widths: Sequence[float]) -> "Sheet":
        """Begin a sheet with columns of these widths, in characters; several can be written in turn."""
        worksheet = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            worksheet.set_column(column, column, width)
        worksheet.set_landscape()
        worksheet.fit_to_pages(1, 0)
        return Sheet(self, worksheet)

    def look(self, value: Value, colour: str, mark: str) -> "Format":
        """What a cell with a value of this type looks like, with this colour and this mark."""
        key = (type(value), colour, mark)
        if key not in self._looks:
            shown = {"num_format": self._number_format(value, mark)}
            centred = {"align": "center"} if colour or mark else {}
            self._looks[key] = self._book.add_format({**shown, **centred, **({"bg_color": colour} if colour else {})})
        return self._looks[key]

    def heading(self, value: Value, *, first: bool) -> "Format":
        """What a heading looks like; dates without their year."""
        shown = self._number_format(value, "", within_month=True)
        place = "left" if first else "center"
        return self._book.add_format(
            {"bold": True, "bottom": 1, "align": place, "text_wrap": True, "num_format": shown}
        )

    def _number_format(self, value: Value, mark: str, *, within_month: bool = False) -> str:
        """Excel's format for a value of this type."""
        if isinstance(value, timedelta):
            return f'{_DURATION}" {mark}"' if mark else _DURATION
        day = _DATES.get(self._language, _DATE)
        if isinstance(value, datetime):
            return f"{day} hh:mm:ss"
        if isinstance(value, date):
            return _DAYS.get(self._language, _DAY) if within_month else day
        return "General"


class Sheet:
    """One sheet; rows are written from the top, and none is touched again."""

    def __init__(self, spreadsheet: Spreadsheet, worksheet: "Worksheet") -> None:
        self._spreadsheet = spreadsheet
        self._worksheet = worksheet
        self._row = 0

    @property
    def rows(self) -> int:
        """How many there are so far."""
        return self._row

    def heading(self, values: Sequence[Value]) -> None:
        """Write a row in bold; dates without their year."""
        for column, value in enumerate(values):
            self._write(column, value, self._spreadsheet.heading(value, first=column == 0))
        self._row += 1

    def row(self, cells: Sequence[Cell | Value]) -> None:
        """Write a row of values, or of values with a look of their own."""
        for column, each in enumerate(cells):
            value, colour, mark = each if isinstance(each, Cell) else (each, "", "")
            if value is None and not colour:
                continue
            self._write(column, value, self._spreadsheet.look(value, colour, mark))
        self._row += 1

    def freeze(self, rows: int, columns: int) -> None:
        """Keep these rows and columns in sight, and the rows on every printed page."""
        self._worksheet.freeze_panes(rows, columns)
        self._worksheet.repeat_rows(0, rows - 1)

    def filtered(self, columns: int) -> None:
        """Let people filter and sort by the columns; the first row is the heading."""
        self._worksheet.autofilter(0, 0, max(self._row - 1, 1), columns - 1)

    def _write(self, column: int, value: Value, style: "Format") -> None:
        worksheet, row = self._worksheet, self._row
        if value is None:
            worksheet.write_blank(row, column, None, style)
        elif isinstance(value, str):
            worksheet.write_string(row, column, value[:_TEXT_LENGTH], style)
        elif isinstance(value, date | timedelta):
            worksheet.write_datetime(row, column, value, style)
        else:
            worksheet.write_number(row, column, value, style)
