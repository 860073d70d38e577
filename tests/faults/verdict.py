"""Owns the verdict on a trial: what was seen against what was promised. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from simulator.ledger import WebhookTry
from simulator.windows import most_in_window
from tests.faults.health import RECOVERY
from tests.faults.scenario import Door
from tests.soak.judge import too_often
from tests.soak.record import Record
from tests.soak.silence import broken, unasked
from tests.soak.takeover import RATE

ANSWER: Final = 3.0
"""Seconds within which the webhook must answer, be it 503: it gives up after 2, and a busy machine is late."""
UNAVAILABLE: Final = 503
POLITE: Final = 1.0
"""Seconds between two requests to the geocoder."""
GROWTH: Final = 48.0
"""MiB by which a service may have grown in a trial."""
MEMORY: Final = 250.0
"""MiB that it may have, whatever came before."""
BACKENDS: Final = 40
"""Connections to PostgreSQL: DB_POOL_MAX for each of two workers and two geo workers."""
MORE_FILES: Final = {"ingress": 120, "sender": 120}
"""Open files by which it may: connections that Telegram opens when many people come, or that wait for its answers."""
FILES_OF_OTHERS: Final = 24
"""The same of other services: a pool that has filled up."""
SHOWN: Final = 3

Session = tuple[datetime, datetime | None]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A trial that is over.

    Attributes:
        record: items, calls, moments, updates, events, dead letters, as the soak has them.
        recovery: seconds from the end of the strike until every service was ready; None: they were not in time.
        drained: seconds from the end of the strike until nothing waited; None: something still does.
        left: what waits still, if so.
        wanted, sessions: each person's session as it must be, and the sessions that there are.
        tries: requests to the webhook.
        door: what it was allowed to answer.
        asked, cells: the moments of requests to the geocoder, and how often each place was asked for.
        misplaced: sessions without their address, or with another one.
        glances, unseen: how many asked for their day, and who was shown one without what had been recorded.
        echoes: answers to these beyond the first.
        memory: MiB of each service.
        growth, files: MiB and open files by which each service has grown.
        backends: connections to PostgreSQL, and how many of them hold a transaction open and do nothing.
        consumers: queues that have not as many consumers as before, and services with not as many links to RabbitMQ.
    """

    record: Record
    recovery: float | None
    drained: float | None
    left: Mapping[str, int] = field(default_factory=dict)
    wanted: Mapping[int, Session] = field(default_factory=dict)
    sessions: Mapping[int, Sequence[Session]] = field(default_factory=dict)
    tries: Sequence[WebhookTry] = ()
    door: Door = Door.OPEN
    asked: Sequence[float] = ()
    cells: Mapping[str, int] = field(default_factory=dict)
    misplaced: Sequence[str] = ()
    glances: int = 0
    unseen: Sequence[str] = ()
    echoes: int = 0
    memory: Mapping[str, float] = field(default_factory=dict)
    growth: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    consumers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    backends: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Row:
    """One line of the matrix; green when there are no problems.

    `recovery` and `drained` are seconds, None where it took too long or was skipped; `slowest` is the slowest answer of
    the webhook in seconds.
    """

    name: str
    problems: Sequence[str] = ()
    skipped: str = ""
    recovery: float | None = None
    drained: float | None = None
    updates: int = 0
    lost: int = 0
    repeated: int = 0
    worst_second: int = 0
    refused: int = 0
    slowest: float = 0.0
    dead: int = 0

    @property
    def green(self) -> bool:
        """Whether every promise held."""
        return not self.problems


def judge(name: str, seen: Seen) -> Row:
    """All that was promised."""
    record, trail = seen.record, seen.record.came()
    lost = [item for item, came in trail.items() if not came.done]
    again = [item for item, came in trail.items() if too_often(came, item.size, record.moments)]
    refused = [one for one in seen.tries if not one.accepted]
    return Row(
        name,
        problems=[
            *_recovered(seen),
            *_recorded(seen),
            *_some("replies lost", [f"{item.chat_id} {item.marks[0]}" for item in lost]),
            *_some("replies told again though their answer had come", [str(item.chat_id) for item in again]),
            *_calls(seen),
            *_door(seen, refused),
            *_left_over(seen),
        ],
        recovery=seen.recovery,
        drained=seen.drained,
        updates=len(record.updates),
        lost=len(lost),
        repeated=seen.echoes + sum(max(0, len(came.done) - item.size) for item, came in trail.items()),
        worst_second=most_in_window([call.arrived for call in record.calls]),
        refused=len(refused),
        slowest=max((one.answered - one.sent for one in seen.tries if one.answered is not None), default=0.0),
        dead=len(record.dead),
    )


def _recovered(seen: Seen) -> list[str]:
    problems = []
    if seen.recovery is None:
        problems.append(f"not everybody was ready {RECOVERY:.0f} s later")
    if seen.drained is None:
        problems.append(f"still at work: {', '.join(f'{count} in {name}' for name, count in seen.left.items())}")
    return problems


def _recorded(seen: Seen) -> list[str]:
    record = seen.record
    never = [str(update) for update in record.updates if update not in record.accepted]
    wrong = [f"{update}: {record.events.get(update, 0)}" for update in record.updates if record.events.get(update) != 1]
    sessions = [
        f"{person}: {list(map(_told, seen.sessions.get(person, ())))} and not {_told(session)}"
        for person, session in seen.wanted.items()
        if list(seen.sessions.get(person, ())) != [session]
    ]
    return [
        *_some("updates never taken", never),
        *_some("updates that are not one event", wrong),
        *_some("sessions that are not as they should be", sessions),
        *_some("sessions that have not the address of their place", seen.misplaced),
        *_some("looks at a day that showed the past", seen.unseen),
        *([] if seen.glances else ["nobody asked for their day, so that nothing is known of what they would see"]),
    ]


def _told(session: Session) -> str:
    return "-".join("" if moment is None else f"{moment:%H:%M:%S}" for moment in session)


def _calls(seen: Seen) -> list[str]:
    record = seen.record
    problems = []
    most = most_in_window([call.arrived for call in record.calls])
    if most > RATE:
        problems.append(f"{most} calls in a second")
    if silent := broken(record).by_the_told:
        problems.append(f"{silent} calls within a silence that 429 asked for")
    if floods := unasked(record):
        problems.append(f"{floods} 429s that no fault asked for")
    asked = sorted(seen.asked)
    hurried = [later - earlier for earlier, later in pairwise(asked) if later - earlier < POLITE]
    if hurried:
        problems.append(f"{len(hurried)} requests to the geocoder too early, the closest after {min(hurried):.3f} s")
    return [*problems, *_some("places asked for too often", _too_often_asked(seen))]


def _too_often_asked(seen: Seen) -> list[str]:
    """A place is asked for once, and once more for each blow that may have ended who asked.

    A geocoder that is itself at fault is asked again by right.
    """
    blows = seen.record.moments
    if any(blow.kind == "geocoder" for blow in blows):
        return []
    return [f"{cell} {times} times" for cell, times in seen.cells.items() if times > 1 + len(blows)]


def _door(seen: Seen, refused: Sequence[WebhookTry]) -> list[str]:
    allowed = () if seen.door is Door.OPEN else (None, UNAVAILABLE)
    wrong = [f"{one.status} {one.error}".strip() for one in refused if one.status not in allowed]
    thawed = [moment.until for moment in seen.record.moments]
    took = [(one, one.answered - one.sent) for one in seen.tries if one.answered is not None]
    frozen = seen.door is Door.SILENT
    late = [seconds for one, seconds in took if seconds > ANSWER and not (frozen and _frozen(one, thawed))]
    return [
        *_some("requests that the webhook refused", wrong),
        *_some(f"answers of the webhook after more than {ANSWER:.0f} s", [f"{seconds:.1f} s" for seconds in late]),
    ]


def _frozen(one: WebhookTry, thawed: Iterable[float]) -> bool:
    """Whether a process that stood still had it: nobody answered, or it did when it went on, at one of the moments."""
    return one.status is None or any(one.sent < moment <= (one.answered or 0.0) for moment in thawed)


def _left_over(seen: Seen) -> list[str]:
    record = seen.record
    dead = set(record.dead)
    grown = [f"{name} {mib:.0f} MiB" for name, mib in seen.growth.items() if mib > GROWTH]
    heavy = [f"{name} {mib:.0f} MiB" for name, mib in seen.memory.items() if mib > MEMORY]
    backends, idle = seen.backends
    connections = [f"{backends}"] if backends > BACKENDS else []
    leaked = [f"{name} {count}" for name, count in seen.files.items() if count > _files(name)]
    consumers = [f"{queue} {now} instead of {before}" for queue, (before, now) in seen.consumers.items()]
    return [
        *_some("dead letters that should not be", sorted(dead - record.poison)),
        *_some("poison that is not among the dead letters", sorted(record.poison - dead)),
        *_some("services that ended by themselves", record.accidents),
        *_some("services that have grown", grown),
        *_some("services that are too large", heavy),
        *_some("services with more open files", leaked),
        *_some("numbers of connections to PostgreSQL that are above the pools'", connections),
        *_some("transactions that were left open", ["idle"] * idle),
        *_some("numbers of consumers or links that are not as before", consumers),
    ]


def _files(name: str) -> int:
    return MORE_FILES.get(name.partition("-")[0], FILES_OF_OTHERS)


def _some(name: str, culprits: Iterable[str]) -> list[str]:
    """One problem with the first culprits; none if there are none."""
    found = list(culprits)
    if not found:
        return []
    return [f"{len(found)} {name} ({'; '.join(found[:SHOWN])}{' ...' if len(found) > SHOWN else ''})"]
