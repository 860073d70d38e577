"""Owns what each event of a month was, and what a manager may want to know about it. Pure; nothing is punished."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from checkin_worker.reports.month import Plan
from checkin_worker.suspicion import Spot, impossible_speed
from shared.texts import Texts, plain_name

_REASON_LENGTH: Final = 300
Row = Any
"""A record of the queries in `queries.py`, by the names of its columns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the sheet shows it: its row, its working day, and what it was.

    Attributes:
        what: arrived, left, repeated, undone, evidence, undo, correction or amnesty.
        days: other days of the month with the very same point by the same person.
        others: other people with the very same point in the month.
        speed: km/h since the location before it, if nobody travels like that.
    """

    row: Row
    workday: date
    what: str
    days: int = 0
    others: int = 0
    speed: float | None = None


def entries(plan: Plan, events: Sequence[Row], sessions: Sequence[Row]) -> Iterator[Entry]:
    """Say of each event of one person, in order, what it was, by the sessions that follow from all of them."""
    ends = {(row["start_time"], row["start_update_id"]): "arrived" for row in sessions if row["opened_by"] == "tap"}
    ends |= {(row["end_time"], row["end_update_id"]): "left" for row in sessions if row["closed_by"] == "tap"}
    undone = {(row["sent_at"], row["update_id"]): "undone" for row in events if row["kind"] == "undo"}
    days_at = _days_at(plan, events)
    before: Spot | None = None
    for row in events:
        ref, here = (row["sent_at"], row["update_id"]), _spot(row)
        location = row["kind"] == "location"
        yield Entry(
            row=row,
            workday=row["workday"] or plan.workday(row["sent_at"]),
            what=(ends.get(ref) or undone.get(ref, "repeated")) if location else row["kind"],
            days=len(days_at[here.latitude, here.longitude]) - 1 if here and location else 0,
            others=row["others"] or 0,
            speed=impossible_speed(before, here) if before and here else None,
        )
        before = here or before


def remarks(entry: Entry, texts: Texts, clock: Callable[[datetime], datetime]) -> Iterator[str]:
    """Say it in words; `clock` turns a moment into the person's local time."""
    row = entry.row
    if row["fence"] == "outside" and row["distance_m"] is not None:
        yield texts.say("report-outside", office=plain_name(row["office"] or ""), metres=round(row["distance_m"]))
    if entry.days:
        yield texts.say("report-same-point", days=entry.days)
    if entry.others:
        yield texts.say("report-same-point-others", people=entry.others)
    if entry.speed is not None:
        yield texts.say("report-speed", speed=round(entry.speed))
    if entry.what == "correction":
        left = f"{clock(row['left_at']):%H:%M}" if row["left_at"] else "…"
        yield texts.say("report-corrected", arrived=f"{clock(row['arrived_at']):%H:%M}", left=left)
    if row["actor"]:
        yield texts.say("report-by", name=plain_name(row["actor"]))
    if row["reason"]:
        yield texts.say("report-reason", reason=row["reason"][:_REASON_LENGTH])


def _days_at(plan: Plan, events: Sequence[Row]) -> dict[tuple[float, float], set[date]]:
    """The working days on which a location was at each point."""
    found: dict[tuple[float, float], set[date]] = {}
    for row in events:
        if row["kind"] == "location" and (here := _spot(row)):
            found.setdefault((here.latitude, here.longitude), set()).add(plan.workday(here.at))
    return found


def _spot(row: Row) -> Spot | None:
    """Where it was; None where that is not known, or not exactly any more."""
    if row["latitude"] is None or row["coarse"]:
        return None
    return Spot(row["sent_at"], row["latitude"], row["longitude"])
