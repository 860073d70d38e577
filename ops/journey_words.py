"""Owns how an update's journey is told: a line each step for people, on the company's clock, and JSON for programs."""

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from ops.journey import Journey, Step

HEADINGS: Final = ("time", "after", "what")
_EVENTS: Final = MappingProxyType(
    {
        "location": "location recorded",
        "evidence": "a live location's later position recorded",
        "undo": "undone",
        "correction": "a correction recorded",
        "amnesty": "its late forgiven",
    }
)
_LOST: Final = "what it says of a place has been made coarse"


def rows(journey: Journey, zone: ZoneInfo) -> list[tuple[str, ...]]:
    """A row for each step: the time, how long after the step before, what happened."""
    told: list[tuple[str, ...]] = []
    before: datetime | None = None
    for step in journey.in_order:
        after = "" if before is None else length(step.at - before)
        told.append((_clock(step, before, zone), after, words(step)))
        before = step.at
    return told


def heading(journey: Journey) -> str:
    """Whose it was."""
    if journey.user_id is None:
        return f"update {journey.update_id}, of nobody who is known"
    return f"update {journey.update_id} of {journey.name or 'somebody whose name is not known'} ({journey.user_id})"


def words(step: Step) -> str:
    """What happened, in one sentence."""
    facts = step.facts
    match step.what:
        case "written":
            return "written, by Telegram's clock, which has whole seconds"
        case "received":
            return "came to our door"
        case "handled":
            followed = ", ".join(f"{number} in {queue}" for queue, number in facts["followed_by"].items())
            return f"handled; {followed or 'nothing'} followed"
        case "recorded":
            return _recorded(facts)
        case "called":
            return _called(facts)
        case "dead":
            return f"{facts['key']} is in {facts['queue']} after {facts['tries']} tries: {facts['reason']}"


def as_json(journey: Journey, zone: ZoneInfo) -> str:
    """All of it: times with the zone's offset, durations in seconds."""
    steps: list[dict[str, Any]] = []
    before: datetime | None = None
    for step in journey.in_order:
        after = None if before is None else round((step.at - before).total_seconds(), 3)
        steps.append({"at": step.at.astimezone(zone), "after_seconds": after, "what": step.what, **step.facts})
        before = step.at
    whole = {
        "update_id": journey.update_id,
        "user_id": journey.user_id,
        "name": journey.name,
        "found": bool(journey.steps),
        "steps": steps,
        "due": [{"key": message.key, "queue": message.queue} for message in journey.due],
        "notes": journey.notes,
    }
    return orjson.dumps(whole, default=str, option=orjson.OPT_INDENT_2).decode()


def due(journey: Journey) -> list[str]:
    """A sentence for each message of whose end nothing is known."""
    return [f"{message.key} ({message.queue}): its end is not known" for message in journey.due]


def length(passed: timedelta) -> str:
    """As short as it is still exact."""
    seconds = passed.total_seconds()
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004 - a minute


def _clock(step: Step, before: datetime | None, zone: ZoneInfo) -> str:
    at = step.at.astimezone(zone)
    shown = f"{at:%H:%M:%S}" if step.what == "written" else f"{at:%H:%M:%S.%f}"[:-3]
    same_day = before is not None and before.astimezone(zone).date() == at.date()
    return shown if same_day else f"{at:%Y-%m-%d} {shown}"


def _recorded(facts: Any) -> str:  # noqa: ANN401 - a row's values
    said = _EVENTS[facts["kind"]]
    if fence := facts.get("fence"):
        said += f", {fence}{' ' + facts['office'] if 'office' in facts else ''}"
    if session := facts.get("session"):
        said += f"; {session} a session of {facts['session_of']}"
    if facts["kind"] == "location":
        said += "; with its address" if facts["has_address"] else ""
    return f"{said}; {_LOST}" if facts["coarse"] else said


def _called(facts: Any) -> str:  # noqa: ANN401 - a row's values
    said = f"{facts['method']} {facts['key']}: {facts['outcome']}"
    if facts["message_id"]:
        said += f", message {facts['message_id']}"
    if facts.get("reason"):
        said += f" ({facts['reason']})"
    if facts.get("doubtful"):
        said += f", after {facts['doubtful']} tries of which nobody knows whether they arrived"
    return f"{said}; by {facts['known_from']}"
