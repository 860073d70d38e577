"""Owns the verdicts: each promise with its figure, judged at Telegram's end and in PostgreSQL. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from simulator.demo.promises import Promise
from simulator.ledger import Call, Outcome
from simulator.windows import most_in_window
from tests.soak.diary import Item, Moment
from tests.soak.record import Record
from tests.soak.silence import broken, unasked
from tests.soak.takeover import RATE, reminders, seconds_without_a_call
from tests.soak.windows import Came, over_the_cap, unknown

MEMORY_MIB: Final = 150
KILL_SECONDS: Final = 3.0
TERM_SECONDS: Final = 0.5
LEFT_AT_A_STRIKE: Final = 30
"""Reminders that a struck sender may have had in hand of which nobody can know: what the cap lets out in a second."""
SHOWN: Final = 3

Trail = Mapping[Item, Came]


def judge(record: Record) -> list[Promise]:
    """All verdicts."""
    trail = record.came()
    return [
        *_cap(record),
        *_recorded(record),
        *_told(record, trail),
        *_reminders(record, trail),
        *_ledger(record, trail),
        *_order(trail),
        *_silences(record),
        *_left_over(record),
        *_take_overs(record),
        *_health(record),
    ]


def too_often(came: Came, size: int, moments: Sequence[Moment]) -> bool:
    """Whether it was told again although it was known to be told: all but the last must be unknown to their sender."""
    return len(came.done) - sum(unknown(call, moments) for call in came.done[:-1]) > size


def none(name: str, culprits: Sequence[object], of: int | None = None) -> Promise:
    """A promise that nothing of a kind happens, with some of what did."""
    shown = f" ({'; '.join(map(str, culprits[:SHOWN]))}{' ...' if len(culprits) > SHOWN else ''})" if culprits else ""
    total = "" if of is None else f" of {of:,}"
    return Promise(name, f"{len(culprits):,}{total}{shown}", "0", not culprits)


def _cap(record: Record) -> list[Promise]:
    arrivals = [call.arrived for call in record.calls]
    most, over = most_in_window(arrivals), over_the_cap(arrivals, RATE)
    return [
        Promise("most calls in any 1.0 s", str(most), f"at most {RATE}", most <= RATE),
        Promise("windows above the cap", f"{len(over)} of {len(arrivals):,} calls", "0", not over),
    ]


def _recorded(record: Record) -> list[Promise]:
    refused = [update for update in record.updates if update not in record.accepted]
    wrong = [update for update in record.updates if record.events.get(update, 0) != 1]
    return [
        none("updates that the webhook did not take", refused, len(record.updates)),
        none("updates that are not one event [database]", wrong, len(record.updates)),
    ]


def _told(record: Record, trail: Trail) -> list[Promise]:
    wanted = {item: came for item, came in trail.items() if item.kind != "reminder"}
    lost = [_name(item) for item, came in wanted.items() if not came.done]
    again = [_name(item) for item, came in wanted.items() if too_often(came, item.size, record.moments)]
    extra = sum(max(0, len(came.done) - item.size) for item, came in wanted.items())
    return [
        none("replies lost", lost, len(wanted)),
        none("replies told again though their answer had come", again, len(wanted)),
        Promise("replies told again because no answer came", f"{extra:,}"),
    ]


def _reminders(record: Record, trail: Trail) -> list[Promise]:
    wanted = {item: came for item, came in trail.items() if item.kind == "reminder"}
    before = {item: came.done[:-1] for item, came in wanted.items()}
    twice = [_name(item) for item, done in before.items() if any(not _denied(call) for call in done)]
    denied = sum(_denied(call) for done in before.values() for call in done)
    missing = {item: came for item, came in wanted.items() if not came.done}
    lost = [_name(item) for item in missing if item.key not in record.receipts]
    untried = sum(not came.tried for item, came in missing.items() if item.key in record.receipts)
    strikes = sum(moment.hits_active for moment in record.moments)
    said = Counter(record.receipts[item.key] for item in missing if item.key in record.receipts)
    return [
        none("reminders told twice", twice, len(wanted)),
        Promise("reminders told again because Telegram denied that it had told them", str(denied)),
        none("reminders lost, and nobody says so", lost, len(wanted)),
        Promise(
            "reminders left, as the ledger says",
            ", ".join(f"{count} {outcome}" for outcome, count in said.items()) or "0",
        ),
        Promise(
            "of these, never tried at all",
            str(untried),
            f"at most {LEFT_AT_A_STRIKE} for each of {strikes} strikes",
            untried <= LEFT_AT_A_STRIKE * strikes,
        ),
    ]


def _denied(call: Call) -> bool:
    """Whether Telegram did it and answered that it had failed; to that a sender has to trust."""
    return call.outcome is Outcome.ERROR_AFTER


def _ledger(record: Record, trail: Trail) -> list[Promise]:
    """The ledger says `sent` of whatever was done with an answer, and of nothing that was not done."""
    name = "messages of which the ledger says what is not so"
    if not record.receipts:
        return [Promise(name, "the ledger is empty")]
    wrong = []
    for item, came in trail.items():
        if not item.key:
            continue
        said, known = record.receipts.get(item.key), any(not unknown(call, record.moments) for call in came.done)
        if (said == "sent" and not came.done) or (known and said != "sent"):
            wrong.append(f"{_name(item)}: {said}")
    return [none(name, wrong)]


def _order(trail: Trail) -> list[Promise]:
    chats: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for item, came in trail.items():
        if item.kind == "numbered":
            number = int(item.marks[0].split()[1])
            chats[item.chat_id] += [(call.arrived, number) for call in came.done]
    wrong = []
    for chat, arrived in chats.items():
        ordered = sorted(arrived)
        wrong += [f"{chat}: {later} after {one}" for (_, one), (_, later) in pairwise(ordered) if later < one]
    return [none("numbered messages out of order in their chat", wrong, sum(map(len, chats.values())))]


def _silences(record: Record) -> list[Promise]:
    calls, refused = broken(record), unasked(record)
    return [
        Promise("calls within a silence that 429 asked for", str(calls.by_the_told), "0", not calls.by_the_told),
        Promise("of a sender that took over and was not told", str(calls.by_successors)),
        Promise("429s that no fault asked for", str(refused), "0", not refused),
    ]


def _left_over(record: Record) -> list[Promise]:
    left = [f"{count} in {queue}" for queue, count in record.queues.items() if count]
    unexpected = sorted(set(record.dead) - record.poison)
    missing = sorted(record.poison - set(record.dead))
    return [
        none("queues that are not empty at the end", left),
        none("dead letters that should not be", unexpected),
        none("refused for ever, and not among the dead letters", missing, len(record.poison)),
    ]


def _take_overs(record: Record) -> list[Promise]:
    limits = {"kill_active": KILL_SECONDS, "term_active": TERM_SECONDS, "kill_both": None, "freeze_active": None}
    names = {
        "kill_active": "kill -9 of the active sender to the next call",
        "term_active": "SIGTERM to the next call that the cap allows",
        "kill_both": "kill -9 of both senders to the next call",
        "freeze_active": "longest silence in and after a freeze",
    }
    waiting = reminders(record)
    rows = []
    for kind, limit in limits.items():
        struck = [moment for moment in record.moments if moment.kind == kind]
        measured = [seconds_without_a_call(record, moment, waiting) for moment in struck]
        seconds = [one for one in measured if one is not None]
        figure = _seconds(seconds)
        if len(seconds) < len(struck):
            figure += f" ({len(struck) - len(seconds)} not measured)"
        held = None if limit is None or not seconds else max(seconds) <= limit
        rows.append(Promise(names[kind], figure, "" if limit is None else f"at most {limit:g} s", held))
    return rows


def _health(record: Record) -> list[Promise]:
    ended = [f"{name}: status {status}" for name, status in record.statuses.items() if status]
    heavy = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in record.memory.items())
    fits = all(mib <= MEMORY_MIB for mib in record.memory.values())
    return [
        Promise("memory of senders at most", heavy, f"at most {MEMORY_MIB} MiB", fits),
        none("services that ended or stayed away by themselves", record.accidents),
        none("services that did not end in order at the end", ended),
        none("what Telegram's schema does not know in our calls", record.strange),
        Promise("worst lag of the simulator's loop", f"{record.worst_lag * 1000:.0f} ms"),
    ]


def _name(item: Item) -> str:
    return f"{item.chat_id} {'/'.join(item.marks)}"


def _seconds(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.2f} s" for value in values) or "none"
