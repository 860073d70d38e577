"""The flow of the command: wait for the webhook, let everybody check in, wait for the replies, judge."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

from simulator.crowd import Crowd
from simulator.demo.probes import Stored, read_database, read_memory
from simulator.demo.progress import Count, shown
from simulator.demo.promises import Morning, Promise, judge
from simulator.report import answered_with_address, figures
from simulator.server import Simulator, SimulatorConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

QUIET = 2.0
"""Seconds without a call after which nothing more is expected."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was asked for."""

    config: SimulatorConfig
    employees: int = 1000
    offices: int = 5
    jitter: float = 15.0
    spread: float = 0.0
    late: float = 0.0
    double_taps: float = 0.0
    deadline: float = 180.0
    database_url: str | None = None
    metrics: dict[str, str] = field(default_factory=dict)
    stay: bool = False


class Demo:
    """One morning of one company."""

    def __init__(self, options: Options, telegram: Simulator, console: Console) -> None:
        self._options = options
        self._telegram = telegram
        self._console = console
        self._crowd = Crowd(
            telegram,
            employees=options.employees,
            offices=options.offices,
            jitter_metres=options.jitter,
            seed=options.config.seed,
        )
        self._crowd.have_started()
        self._waiting = {employee.id for employee in self._crowd.employees}
        self._looked_at = -1
        self._before: Stored | str | None = None

    async def play(self) -> None:
        """Everything until the last reply; TimeoutError at the deadline."""
        async with asyncio.timeout(self._options.deadline):
            await self._telegram.changes.until(lambda: self._telegram.webhook is not None)
            self._before = await self._read_database()
            gc.collect()
            gc.freeze()
            self._telegram.lag.forget()
            people = len(self._crowd.employees)
            self._console.print(f"The webhook is set; {people} people check in.", highlight=False, soft_wrap=True)
            async with shown(self._console, people, people, self._count):
                await self._crowd.everyone_checks_in(
                    spread=self._options.spread, double_taps=self._options.double_taps, late=self._options.late
                )
                await self._telegram.changes.until(self._everyone_answered)
                while await self._one_more_call():
                    continue

    async def verdict(self) -> list[Promise]:
        """Every promise, as things stand."""
        people = [employee.id for employee in self._crowd.employees]
        sent = {person: self._locations_of(person) for person in people}
        got = Counter(call.chat_id for call in self._telegram.ledger.calls if call.sent_a_message)
        return judge(
            Morning(
                employees=len(people),
                locations=sum(sent.values()),
                answered_once=sum(1 <= got[person] <= sent[person] for person in people),
                figures=figures(self._telegram),
                at_once=not self._options.spread,
                before=self._before,
                stored=await self._read_database(),
                memory=await read_memory(self._options.metrics),
            )
        )

    async def _read_database(self) -> Stored | str | None:
        if self._options.database_url is None:
            return None
        return await read_database(self._options.database_url, [employee.id for employee in self._crowd.employees])

    def _locations_of(self, person: int) -> int:
        return sum("location" in message.raw for message in self._telegram.chat(person))

    def _everyone_answered(self) -> bool:
        """Whether everybody has a reply with an address. Who has one is not looked at again."""
        if self._looked_at == self._telegram.ledger.ended:
            return not self._waiting
        self._looked_at = self._telegram.ledger.ended
        self._waiting = {person for person in self._waiting if not answered_with_address(self._telegram.chat(person))}
        return not self._waiting

    def _count(self) -> Count:
        taken = sum(entry.accepted for entry in self._telegram.ledger.webhook)
        return taken, len(self._crowd.employees) - len(self._waiting)

    async def _one_more_call(self) -> bool:
        """Wait for another call; false when it was quiet for so long that none is expected."""
        calls = self._telegram.ledger.calls
        seen = len(calls)
        try:
            await self._telegram.changes.until(lambda: len(calls) > seen, QUIET)
        except TimeoutError:
            return False
        return True


async def run(options: Options, console: Console) -> int:
    """Play and judge. The exit status: 0 when every promise held, otherwise 1."""
    with _stopped_by_signals() as stop:
        return await _run(options, console, stop)


async def _run(options: Options, console: Console, stop: asyncio.Event) -> int:
    async with Simulator(options.config) as telegram:
        demo = Demo(options, telegram, console)
        console.print(
            f"Telegram is simulated at {telegram.url} (a page to look at, too) and waits for setWebhook.",
            soft_wrap=True,
        )
        ended = await _play_until(demo, stop)
        if ended:
            console.print(f"[yellow]{ended}[/] {telegram.summary()}", highlight=False, soft_wrap=True)
        failures = [promise.failure for promise in await _show(demo, console) if promise.held is False]
        if ended:
            failures.insert(0, ended)
        for sentence in failures:
            console.print(sentence, style="red", highlight=False, soft_wrap=True)
        if options.stay and not stop.is_set():
            console.print(f"{telegram.url} stays up until it is stopped.", soft_wrap=True)
            await stop.wait()
    return 1 if failures else 0


async def _play_until(demo: Demo, stop: asyncio.Event) -> str:
    """Play; a sentence when it did not come to its end."""
    playing = asyncio.create_task(demo.play(), name="demo")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        playing.cancel()
    stopping.cancel()
    try:
        await playing
    except TimeoutError:
        return "The deadline passed before everybody had a reply with an address."
    except asyncio.CancelledError:
        return "It was stopped before everybody had a reply with an address."
    return ""


async def _show(demo: Demo, console: Console) -> list[Promise]:
    promises = await demo.verdict()
    table = Table("promise", "figure", "promised", "verdict", title="The morning, judged from Telegram's side")
    verdicts = {True: "[green]held[/]", False: "[red]failed[/]", None: ""}
    for promise in promises:
        table.add_row(promise.name, promise.figure, promise.promised, verdicts[promise.held])
    console.print(table)
    return promises


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set, as long as the block lasts."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
