"""The promises, each with its figure and its verdict. Pure: everything that was measured comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.demo.probes import Stored

if TYPE_CHECKING:
    from simulator.report import Figures

RATE = 30
DRAIN_FACTOR = 1.05
SHORTEST_DRAIN = 2.0
"""Seconds that even a small crowd may take; below it the way there and back counts for more than the rate."""
BUSY = 0.15
"""Seconds in which half of the updates are taken in: a machine that needs longer has no time for anything, and replies
wait for it and not for the cap. On the two cores on which the promise was made it takes 0.04."""
TOO_BUSY_BY = 1.5
"""A last reply that is later still is too late on any machine."""
CALLS_PER_CHECK_IN = 1.05
"""One, when rounded to a tenth."""
MEMORY = 120
GEO_MEMORY = 220


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of the table; `held` is None where nothing was promised and the figure only informs."""

    name: str
    figure: str
    promised: str = ""
    held: bool | None = None

    @property
    def failure(self) -> str:
        """What to say when it was not held."""
        return f"{self.name}: promised {self.promised}, found {self.figure}."


@dataclass(frozen=True, slots=True)
class Morning:
    """What was measured."""

    employees: int
    locations: int
    """How many locations they sent."""
    answered_once: int
    """People who got at least one reply, and not more than one for each of their locations."""
    figures: Figures
    at_once: bool = True
    """Whether all came at the same time; only then is the drain a drain."""
    before: Stored | str | None = None
    stored: Stored | str | None = None
    """A sentence when it could not be read, None when no database was named."""
    memory: dict[str, float | str] = field(default_factory=dict)


def judge(morning: Morning) -> list[Promise]:
    """All promises."""
    now, people = morning.figures, morning.employees
    lag = f"{now.worst_lag * 1000:.0f} ms"
    return [
        Promise(
            "check-ins taken by the webhook",
            f"{now.webhook_accepted} of {morning.locations}",
            "all",
            now.webhook_accepted == morning.locations,
        ),
        *_recorded(morning),
        Promise("replied exactly once", f"{morning.answered_once} of {people}", "all", morning.answered_once == people),
        Promise("replied with an address", f"{now.with_address} of {people}", "all", now.with_address == people),
        _calls_per_check_in(morning),
        _drain(morning),
        _most("most calls in any 1.0 s", now.most_in_one_second, RATE),
        _most("calls refused", now.refused_calls, 0, _reasons(now.refused)),
        Promise("webhook p50 / p99", f"{_seconds(now.webhook_p50)} / {_seconds(now.webhook_p99)}"),
        Promise("update to its reply p50 / p99", f"{_seconds(now.reply_p50)} / {_seconds(now.reply_p99)}"),
        Promise("worst lag of the simulator's loop", lag),
        *(_memory(name, figure) for name, figure in morning.memory.items()),
    ]


def _recorded(morning: Morning) -> list[Promise]:
    stored, before = morning.stored, morning.before
    if stored is None:
        return []
    if isinstance(stored, str):
        return [Promise("recorded [database]", stored, f"{morning.employees} people", held=False)]
    people, events = morning.employees, stored.events - (before.events if isinstance(before, Stored) else 0)
    wanted = str(people) if morning.locations == people else f"{people} to {morning.locations}"
    return [
        Promise("recorded [database]", f"{stored.people} of {people}", "all", stored.people == people),
        Promise("new events [database]", str(events), wanted, people <= events <= morning.locations),
        _most("people with more than one session [database]", stored.not_one, 0),
    ]


def _calls_per_check_in(morning: Morning) -> Promise:
    each = morning.figures.calls / morning.locations if morning.locations else 0.0
    return Promise("calls per check-in", f"{each:.2f}", "1.0", 0 < each < CALLS_PER_CHECK_IN)


def _drain(morning: Morning) -> Promise:
    now = morning.figures
    if now.first_update is None or now.last_reply is None:
        return Promise("last reply after", "none came", "one for everybody", held=False)
    took = now.last_reply - now.first_update
    if not morning.at_once:
        return Promise("last reply after", f"{took:.1f} s")
    limit = max(DRAIN_FACTOR * now.calls / RATE, SHORTEST_DRAIN)
    figure = f"{took:.1f} s ({now.calls} calls, {took * RATE / now.calls:.3f} x calls/{RATE})"
    held: bool | None = took <= limit
    if not held and took <= TOO_BUSY_BY * limit and now.webhook_p50 is not None and now.webhook_p50 > BUSY:
        held, figure = None, f"{figure}; this machine is too busy to tell"
    return Promise("last reply after", figure, f"at most {limit:.1f} s", held)


def _most(name: str, figure: int, allowed: int, remark: str = "") -> Promise:
    return Promise(name, f"{figure}{remark}", f"at most {allowed}" if allowed else "0", figure <= allowed)


def _memory(name: str, figure: float | str) -> Promise:
    allowed = GEO_MEMORY if name.startswith("geo") else MEMORY
    promised = f"at most {allowed} MiB"
    if isinstance(figure, str):
        return Promise(f"memory of {name}", figure, promised, held=False)
    return Promise(f"memory of {name}", f"{figure:.0f} MiB", promised, figure <= allowed)


def _reasons(refused: dict[int, int]) -> str:
    return f" ({', '.join(f'{count} x {status}' for status, count in sorted(refused.items()))})" if refused else ""


def _seconds(value: float | None) -> str:
    if value is None:
        return "nothing measured"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
