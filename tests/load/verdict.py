"""Owns the verdict on a load: each promise with its figure, out of what was answered and what is recorded. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.demo.promises import Promise
from simulator.windows import percentile
from tests.load.answers import NONE, Answer

TAKEN: Final = 200
LATER: Final = 503
SHOWN: Final = 3
"""Of the culprits, so many are named."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the database has of one update: whose it is, how many locations, and when it was handled (unix seconds)."""

    person: int
    locations: int
    at: float


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load; `recorded` by the update's id, None where nobody looked."""

    answers: Sequence[Answer]
    recorded: Mapping[int, Recorded] | None
    drained_after: float | None = None
    """Seconds from the last answer until everything that was taken was handled; None if it never was."""

    @property
    def taken(self) -> dict[int, Answer]:
        """The updates that were answered 200, each with its last such answer."""
        return {answer.update_id: answer for answer in self.answers if answer.status == TAKEN}


def judge(load: Load) -> list[Promise]:
    """All verdicts."""
    statuses = Counter(answer.status for answer in load.answers)
    other = {status: count for status, count in statuses.items() if status not in (TAKEN, LATER, NONE)}
    kinds = Counter(answer.kind for answer in load.taken.values())
    told = ", ".join(f"{count:,} {kind}s" for kind, count in sorted(kinds.items(), key=lambda item: -item[1]))
    return [
        Promise("updates that the door took", f"{len(load.taken):,} ({told})", "some", bool(load.taken)),
        _rate(load),
        Promise("answered in, p50 / p99", _spread([answer.took for answer in load.answers if answer.status == TAKEN])),
        Promise("told to come later (503)", f"{statuses[LATER]:,}"),
        _no("other answers", [f"{count} x {status}" for status, count in sorted(other.items())], sum(other.values())),
        Promise("posts without an answer", f"{statuses[NONE]:,}", "0", statuses[NONE] == 0),
        *([] if load.recorded is None else _records(load, load.recorded)),
    ]


def unrecorded(taken: Collection[Answer], recorded: Mapping[int, Recorded]) -> list[Answer]:
    """What was taken and is not recorded exactly once: a location in one event, all else in none, of that person."""
    return [
        answer
        for answer in taken
        if (record := recorded.get(answer.update_id)) is None
        or (record.person, record.locations) != (answer.person, int(answer.kind == "location"))
    ]


def _records(load: Load, recorded: Mapping[int, Recorded]) -> list[Promise]:
    taken = load.taken
    wrong = unrecorded(taken.values(), recorded)
    named = [f"{answer.kind} {answer.update_id} of {answer.person}" for answer in wrong[:SHOWN]]
    figure = f"{len(taken) - len(wrong):,} of {len(taken):,}" + (f" (not: {', '.join(named)})" if named else "")
    waits = [recorded[number].at - answer.posted for number, answer in taken.items() if number in recorded]
    drained = "never" if load.drained_after is None else f"{load.drained_after:.1f} s after the last answer"
    return [
        Promise("taken, and recorded exactly once", figure, "all", not wrong),
        Promise("from the post to its transaction, p50 / p99", _spread(waits)),
        Promise("all of it recorded", drained, "in the end", load.drained_after is not None),
    ]


def _rate(load: Load) -> Promise:
    at = sorted(answer.posted + answer.took for answer in load.taken.values())
    lasted = at[-1] - at[0] if at else 0.0
    return Promise("taken a second, on average", f"{len(at) / lasted:,.0f}" if lasted else "-")


def _no(name: str, culprits: Sequence[str], count: int) -> Promise:
    return Promise(name, f"{count:,}" + (f" ({', '.join(culprits[:SHOWN])})" if culprits else ""), "0", not count)


def _spread(seconds: Sequence[float]) -> str:
    half, most = percentile(seconds, 50), percentile(seconds, 99)
    return "-" if half is None or most is None else f"{half:.3f} s / {most:.3f} s"
