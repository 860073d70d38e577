"""Owns how a file of people is read: CSV in, entries out, or everything that is wrong with it, line by line. Pure."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ops.terminal import Refused
from shared.texts import LANGUAGES, plain_name

REQUIRED: Final = ("user_id", "full_name")
COLUMNS: Final = (*REQUIRED, "role", "offices", "schedule", "language")
ROLES: Final = ("employee", "manager", "admin")
OFFICE_SEPARATOR: Final = ";"
MOST_ID: Final = 2**52
"""Telegram's ids have at most 52 bits (Bot API, User)."""
NAME_LENGTH: Final = 64
"""As `texts.plain_name` has it."""

Line = tuple[int, list[str] | str]
"""The number of a record's first line; its cells, or why it has none."""


@dataclass(frozen=True, slots=True)
class Known:
    """The numbers of the company's offices and schedules, by name."""

    offices: Mapping[str, int]
    schedules: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One person, as the file has them. None, or no offices: the file says nothing about it."""

    user_id: int
    name: str
    role: str | None
    office_ids: tuple[int, ...]
    schedule_id: int | None
    language: str | None


def entries(data: bytes, known: Known) -> list[Entry]:
    """Read the file.

    Raises:
        Refused: all that is wrong, each with its line.
    """
    lines = iter(list(_lines(_text(data))))
    columns = _columns(next(lines, (1, "the file is empty")))
    problems: list[str] = []
    found: list[Entry] = []
    seen: dict[int, int] = {}
    for number, cells in lines:
        try:
            found.append(_entry(columns, cells, known))
        except Refused as refusal:
            problems.extend(f"line {number}: {problem}" for problem in refusal.problems)
            continue
        user_id = found[-1].user_id
        if (first := seen.setdefault(user_id, number)) != number:
            problems.append(f"line {number}: user_id {user_id} stands in line {first} already: leave one of them")
    if not found and not problems:
        problems.append("the file holds no people, only the names of the columns")
    if problems:
        raise Refused(*problems)
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise Refused(f"line {line}: not UTF-8: save the file as `CSV UTF-8`") from problem


def _lines(text: str) -> Iterator[Line]:
    """The records that are not empty. Semicolons may part columns, as some countries' spreadsheets write them."""
    head = text.partition("\n")[0]
    delimiter = ";" if ";" in head and "," not in head else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield number, f"no CSV ({problem}): is there a quotation mark without its second?"
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(line: Line) -> Sequence[str]:
    number, cells = line
    if isinstance(cells, str):
        raise Refused(f"line {number}: {cells}; the first line names the columns: {', '.join(COLUMNS)}")
    names = [cell.strip().lower() for cell in cells]
    problems = [f"there is no column {name!r}: the columns are {', '.join(COLUMNS)}" for name in names]
    problems = [problem for name, problem in zip(names, problems, strict=True) if name not in COLUMNS]
    problems += [f"column {name!r} stands there twice" for name in COLUMNS if names.count(name) > 1]
    problems += [f"column {name!r} is missing" for name in REQUIRED if name not in names]
    if problems:
        raise Refused(*(f"line {number}: {problem}" for problem in problems))
    return names


def _entry(columns: Sequence[str], cells: list[str] | str, known: Known) -> Entry:
    if isinstance(cells, str):
        raise Refused(cells)
    if len(cells) != len(columns):
        raise Refused(
            f"{len(cells)} cells under {len(columns)} columns: a cell with a comma in it needs quotation marks"
        )
    if any("\0" in cell for cell in cells):
        raise Refused("a NUL byte: save the file as `CSV UTF-8`")
    said = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    checks = _Checks()
    entry = Entry(
        checks.user_id(said["user_id"]),
        checks.name(said["full_name"]),
        checks.one_of("role", said.get("role", ""), ROLES),
        checks.offices(said.get("offices", ""), known),
        checks.schedule(said.get("schedule", ""), known),
        checks.one_of("language", said.get("language", ""), LANGUAGES),
    )
    if checks.problems:
        raise Refused(*checks.problems)
    return entry


class _Checks:
    """Reads cells, and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def user_id(self, cell: str) -> int:
        if re.fullmatch(r"[1-9][0-9]{0,15}", cell) and int(cell) < MOST_ID:
            return int(cell)
        self.problems.append(f"user_id {_short(cell)} is no Telegram id: digits only, such as 5100000007")
        return 0

    def name(self, cell: str) -> str:
        if len(" ".join(cell.split())) > NAME_LENGTH:
            self.problems.append(f"full_name has {len(cell)} characters: {NAME_LENGTH} at most")
        elif not any(char.isalnum() for char in cell):
            self.problems.append("full_name is empty: every person needs one")
        return plain_name(cell)

    def one_of(self, column: str, cell: str, values: Sequence[str]) -> str | None:
        if cell.lower() in values or not cell:
            return cell.lower() or None
        self.problems.append(f"{column} {_short(cell)}: must be {', '.join(values)}, or empty")
        return None

    def offices(self, cell: str, known: Known) -> tuple[int, ...]:
        names = [name.strip() for name in cell.split(OFFICE_SEPARATOR)]
        names = [name for name in dict.fromkeys(names) if name]
        self.problems += [
            f"there is no office {_short(name)}: see `fleet office list`, add it with `fleet office add`"
            for name in names
            if name not in known.offices
        ]
        return tuple(known.offices[name] for name in names if name in known.offices)

    def schedule(self, cell: str, known: Known) -> int | None:
        if cell and cell not in known.schedules:
            self.problems.append(
                f"there is no schedule {_short(cell)}: see `fleet schedule list`, add it with `fleet schedule add`"
            )
        return known.schedules.get(cell)


def _short(cell: str) -> str:
    """The cell as one can show it in a line."""
    return ascii(cell) if not cell.isprintable() else repr(cell if len(cell) <= NAME_LENGTH else f"{cell[:40]}...")
