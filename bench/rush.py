"""Owns one rush: everybody checks in at once, by one way, undisturbed or killed in the middle; and what came of it.

All is judged from outside: at the simulated Telegram's end, and by when PostgreSQL says that a transaction committed.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.commits import committed
from bench.competitors import USUAL
from bench.geo_ways import ANSWERS_AFTER
from bench.geocoder import nominatim
from bench.known import know, known
from bench.old_ways import Way
from local.stage import Stage
from simulator.crowd import Crowd
from simulator.faults import Faults
from simulator.ledger import Call
from simulator.report import has_address
from simulator.server import Simulator, SimulatorConfig
from simulator.windows import percentile

SEED: Final = 1055
TOLD: Final = "✅"
"""What every way tells people by that they are in."""
FIRST_LIMIT: Final = 60.0
"""Seconds for the one who comes first, by whom all is warmed up."""
QUIET: Final = 6.0
"""Seconds without a call or a post after which nothing more is expected: while addresses are missing, each second
brings one."""
QUIET_AFTER_DEATH: Final = 25.0
"""The same where processes were killed: longer than a take-over, and than Telegram's pauses of that time."""
STRUCK_AT: Final = 0.1
"""The share of people who have been told, at which every process is killed."""
LIMIT: Final = (120.0, 3.0)
"""Seconds after which all is given up: these, and so many for each of the people."""
REFUSED: Final = 429


@dataclass(frozen=True, slots=True)
class Rush:
    """What came of a rush; seconds count from when everybody came, None where somebody is missing.

    Attributes:
        people: how many came.
        recorded: after how long each of them was.
        told: until the last one was told so.
        last: until the last reply, when all know their address.
        calls: to Telegram, refused ones included.
        refused: of these, 429s.
        lost: people whose update was answered 200 and who are not recorded, or were never told so.
    """

    people: int
    recorded: Sequence[float]
    told: float | None
    last: float | None
    calls: int
    refused: int
    lost: int

    def recorded_within(self, percent: float) -> float | None:
        """Seconds within which so many of a hundred people were recorded; None if one of all was not."""
        return percentile(self.recorded, percent) if len(self.recorded) == self.people else None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at: the people who came, and what Telegram saw since then (`since`, of time.monotonic())."""

    telegram: Simulator
    people: Collection[int]
    since: float
    calls_before: int

    @property
    def calls(self) -> list[Call]:
        """Those of the rush."""
        return self.telegram.ledger.calls[self.calls_before :]

    @property
    def taken(self) -> dict[int, int | None]:
        """Who sent it, of each update that was answered 200."""
        taken = [entry for entry in self.telegram.ledger.webhook if entry.accepted]
        return {entry.update_id: entry.chat_id for entry in taken if entry.chat_id in self.people}

    def told(self) -> dict[int | None, float]:
        """When each person was told that they are in, of those who were."""
        first = dict[int | None, float]()
        for call in self.calls:
            if call.sent_a_message and TOLD in _text(call):
                first.setdefault(call.chat_id, call.arrived)
        return first

    def outcome(self, committed: Mapping[int, float]) -> Rush:
        """What came of it; `committed` has the time.time() of each update's transaction."""
        calls, told, taken = self.calls, self.told(), self.taken
        began = time.time() - (time.monotonic() - self.since)
        placed = {call.chat_id for call in calls if call.done and has_address(_text(call))}
        done = [call.arrived for call in calls if call.done]
        return Rush(
            people=len(self.people),
            recorded=[committed[update] - began for update in taken if update in committed],
            told=max(told.values()) - self.since if told.keys() >= {*self.people} else None,
            last=max(done) - self.since if placed >= {*self.people} else None,
            calls=len(calls),
            refused=sum(call.status == REFUSED for call in calls),
            lost=len({person for update, person in taken.items() if update not in committed or person not in told}),
        )


def _text(call: Call) -> str:
    return str(call.params.get("text", ""))


async def rush(way: Way, people: int, ready: Stage, *, killed: bool) -> Rush:
    """Let so many come at once; returns when nothing more happens."""
    seed = SEED + killed
    async with (
        Simulator(SimulatorConfig(seed=seed), Faults(latency=USUAL)) as telegram,
        nominatim(ANSWERS_AFTER) as geocoder,
        way(ready, telegram, geocoder.url) as running,
    ):
        await _warmed_up(telegram, seed)
        crowd = Crowd(telegram, employees=people, seed=seed)
        crowd.have_started()
        # Since the day on which they pressed Start: no company enrols at five to eleven.
        await know(running.database_url, map(known, crowd.employees), running.know)
        who = frozenset(person.id for person in crowd.employees)
        scene = Scene(telegram, who, time.monotonic(), len(telegram.ledger.calls))
        await crowd.everyone_checks_in()
        if killed:
            await telegram.changes.until(lambda: len(scene.told()) >= STRUCK_AT * people, FIRST_LIMIT)
            await running.die_and_rise()
        with contextlib.suppress(TimeoutError):  # what is missing then shows in the figures
            async with asyncio.timeout(LIMIT[0] + LIMIT[1] * people):
                await _over(telegram, QUIET_AFTER_DEATH if killed else QUIET)
        return scene.outcome(await committed(running.database_url, running.seen, scene.taken))


async def _warmed_up(telegram: Simulator, seed: int) -> None:
    """Let one person check in who is nobody of the crowd, and wait until they know their address."""
    first = Crowd(telegram, employees=1, seed=seed + 100)
    await first.everyone_checks_in()
    (person,) = first.employees

    def has_an_address() -> bool:
        return any(has_address(message.text) for message in telegram.chat(person.id))

    await telegram.until(has_an_address, FIRST_LIMIT)
    with contextlib.suppress(TimeoutError):
        await telegram.changes.until(lambda: False, 2.0)  # so that every window and every bucket is empty


async def _over(telegram: Simulator, quiet: float) -> None:
    """Return when nothing has happened for so long, and Telegram has nothing more to post."""
    while True:
        seen = len(telegram.ledger.calls) + len(telegram.ledger.webhook)
        try:
            await telegram.changes.until(partial(_more, telegram, seen), quiet)
        except TimeoutError:
            if not telegram.updates.pending:
                return


def _more(telegram: Simulator, seen: int) -> bool:
    return len(telegram.ledger.calls) + len(telegram.ledger.webhook) > seen
