"""Owns how dead letters are told: a line each, one in full, and what was done with them."""

from collections import Counter
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ops.dead import Line, Look, Moved
from ops.dead_letters import DeadLetter
from shared.delivery import FAILED_IN, FIRST_FAILED, LAST_FAILED, REASON, TRIES

HEADINGS: Final = ("queue", "key", "reason", "first failed", "last failed", "tries", "person")
LONGEST: Final = 20_000
"""Characters of a payload that are shown."""
GARBAGE: Final = 2_000
"""Bytes that are shown of what is no JSON."""
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_TOLD: Final = frozenset({TRIES, REASON, FIRST_FAILED, LAST_FAILED, FAILED_IN})
"""Headers that are told in words."""


def row(line: Line, zone: ZoneInfo) -> tuple[str, ...]:
    """The line as cells."""
    return (
        line.queue,
        printable(line.key),
        printable(line.reason),
        _at(line.first_failed, zone),
        _at(line.last_failed, zone),
        str(line.tries or ""),
        line.person,
    )


def depths(look: Look) -> str:
    """How many each queue holds."""
    return "; ".join(f"{queue}: {number:,}" for queue, number in look.depths.items())


def found(look: Look, zone: ZoneInfo) -> str:
    """How many of them are shown, and how to see older ones; empty if all are shown.

    The next page begins with the second in which this one ends: what failed in it may be shown twice, and all is shown.
    """
    if not look.found:
        return "nothing is dead" if not any(look.depths.values()) else "none of them is meant"
    shown = len(look.lines)
    if shown == look.found:
        return ""
    oldest, newest = look.lines[0].last_failed, look.lines[-1].last_failed
    more = "--limit shows more" if oldest in {None, newest} else f"--until '{_at(oldest, zone)}' shows older ones"
    return f"the newest {shown:,} of {look.found:,}; {more}"


def whole(letter: DeadLetter, zone: ZoneInfo) -> str:
    """Everything that a dead letter says; of what is long, the beginning."""
    told = {
        "queue": letter.queue,
        "key": printable(letter.key),
        "reason": printable(letter.reason),
        "first failed": _at(letter.first_failed, zone),
        "last failed": _at(letter.last_failed, zone),
        "tries": str(letter.tries or ""),
        "person": letter.person,
        "replayed to": letter.source,
        "size": f"{len(letter.body):,} bytes",
        **{printable(name): printable(str(value)) for name, value in letter.headers.items() if name not in _TOLD},
    }
    return "\n".join([*(f"{name}: {value}" for name, value in told.items() if value), "", payload(letter)])


def payload(letter: DeadLetter) -> str:
    """Its JSON for people, or its bytes as text; of a file only how long it is."""
    if letter.payload is None:
        text = printable(letter.body[:GARBAGE].decode(errors="backslashreplace"))
        left = len(letter.body) - GARBAGE
        return f"{text}\n... and {left:,} more bytes" if left > 0 else text
    head, rest = letter.payload
    lines = (printable(line) for line in msgspec.json.format(head, indent=2).decode().split("\n"))
    text = "\n".join(lines)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n... and {len(text) - LONGEST:,} more characters"
    return f"{text}\nand a file of {rest:,} bytes" if rest else text


def replayed(moved: Moved) -> str:
    """How many went where."""
    ways = [f"{number:,} from {queue} to {target}" for (queue, target), number in sorted(moved.counts.items())]
    return _of(moved, ways)


def dropped(moved: Moved) -> str:
    """How many are gone from where."""
    queues: Counter[str] = Counter()
    for (queue, _), number in moved.counts.items():
        queues[queue] += number
    return _of(moved, [f"{number:,} of {queue}" for queue, number in sorted(queues.items())])


def printable(text: str) -> str:
    """The text on one line, and without what moves a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _of(moved: Moved, parts: list[str]) -> str:
    total = moved.counts.total()
    messages = "1 message" if total == 1 else f"{total:,} messages"
    return f"{messages} ({', '.join(parts)})" if parts else messages


def _at(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else f"{moment.astimezone(zone):{_MOMENT}}"
