"""Owns the reading of the roll: who is in, who is late, who is missing now, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from checkin_worker.fence import Fence
from checkin_worker.presence import ALIKE, POINTS, ROLL, WEEK, Crew, crews, rules, since
from checkin_worker.suspicion import Spot, impossible_speed

if TYPE_CHECKING:
    from asyncpg import Record

    from checkin_worker.settings import WorkerSettings
    from shared.database import ReadConnection

PAGE: Final = 8
"""People on a page: with the longest names, and all that can be said of each, a message holds them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to look at: as whom (`oversight.scope`), when, which people, and which page, from 0."""

    scope: int | None
    moment: datetime
    whom: str = "all"
    page: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One person's day so far.

    Attributes:
        state: in, left, missing, expected (the deadline has not passed), new (not missed today) or off.
        late: by how much, also where it is excused.
        forgotten: an earlier day on which they forgot to check out.
        same_point, others: the very same point on another day, and of how many other people; today's.
        speed: km/h, impossible, between two locations of today.
    """

    user_id: int
    name: str
    state: str
    crew: Crew
    arrived: datetime | None
    left: datetime | None
    late: timedelta
    excused: bool
    came: Fence | None
    gone: Fence | None
    forgotten: date | None
    same_point: bool = False
    others: int = 0
    speed: float | None = None

    @property
    def flagged(self) -> bool:
        """Whether there is something that a manager may want to know, and that counts for nothing."""
        return self.same_point or self.others > 0 or self.speed is not None


@dataclass(frozen=True, slots=True)
class Roll:
    """A page of the roll; `counts` are of everybody whom one sees, by state, and of the late."""

    asked: Asked
    counts: Mapping[str, int]
    lines: Sequence[Line]
    page: int
    pages: int


async def read(db: "ReadConnection", asked: Asked, settings: "WorkerSettings") -> Roll:
    """Read a page of the roll, the last one if there are fewer."""
    first = since(asked.moment)
    found = await db.fetch(ALIKE, asked.scope, first)
    company = await rules(db, first, first + WEEK, settings)
    groups = crews({row["pattern"]: row["people"] for row in found}, company, asked.moment)
    rows = await db.fetch(ROLL, *_arrays(groups), asked.moment, asked.whom, asked.page, PAGE)
    pages = max(1, -(-rows[0]["matching"] // PAGE))
    counts = {name: rows[0][f"n_{name}"] for name in ("in", "late", "missing", "expected", "left", "off")}
    shown = [row for row in rows if row["user_id"] is not None]
    points = await _points(db, {row["user_id"]: groups[row["crew"] - 1] for row in shown})
    lines = [_line(row, groups[row["crew"] - 1], points.get(row["user_id"], [])) for row in shown]
    return Roll(asked, counts, lines, min(asked.page, pages - 1), pages)


def _arrays(groups: Sequence[Crew]) -> tuple[list[object], ...]:
    """The first five arguments of ROLL."""
    return (
        [person for crew in groups for person in crew.people],
        [number for number, crew in enumerate(groups, 1) for _ in crew.people],
        [crew.workday for crew in groups],
        [crew.calendar.begins(crew.workday) for crew in groups],
        [crew.shift and crew.shift.deadline for crew in groups],
    )


async def _points(db: "ReadConnection", people: Mapping[int, Crew]) -> dict[int, list["Record"]]:
    bounds = [crew.calendar.bounds(crew.workday) for crew in people.values()]
    by_person: dict[int, list[Record]] = {}
    for row in await db.fetch(POINTS, list(people), [first for first, _ in bounds], [after for _, after in bounds]):
        by_person.setdefault(row["user_id"], []).append(row)
    return by_person


def _line(row: "Record", crew: Crew, points: Sequence["Record"]) -> Line:
    spots = [Spot(point["sent_at"], point["latitude"], point["longitude"]) for point in points]
    speeds = [impossible_speed(one, other) for one, other in pairwise(spots)]
    return Line(
        user_id=row["user_id"],
        name=row["name"],
        state=row["state"],
        crew=crew,
        arrived=row["arrived"],
        left=row["left_at"],
        late=timedelta(seconds=row["late_seconds"]),
        excused=bool(row["excused"]),
        came=_worst(row["came"], row["came_again"]),
        gone=_worst(row["gone"]),
        forgotten=row["forgotten"],
        same_point=any(point["own"] for point in points),
        others=max((point["others"] for point in points), default=0),
        speed=max((speed for speed in speeds if speed is not None), default=None),
    )


def _worst(*fences: str | None) -> Fence | None:
    """What is to be said of several looks: outside rather than uncertain, either rather than inside."""
    seen = [fence for fence in (Fence.OUTSIDE, Fence.UNCERTAIN, Fence.INSIDE) if fence in fences]
    return seen[0] if seen else None
