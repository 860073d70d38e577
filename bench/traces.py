"""Owns `make bench-traces`: what traces cost, as processor time of the same check-ins with them and without.

Rounds come in pairs, without and with, the second pair the other way about, each with engines, a database, processes
and a simulated Telegram of its own; so what warms up or slows down meanwhile falls on both alike. The services' user
and system time counts, from the first check-in to the last address and the last steps told: not that of engines,
Telegram or collector.

`python -m bench.traces` prints; with `--write` it replaces what docs/tracing.md says of it, too. Nothing outlives it.
"""

import asyncio
import re
import statistics
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import typer
from aiohttp import web

from bench.spending import cpu_seconds
from bench.surroundings import machine, versions
from bench.table import Row, markdown
from local.command import operate
from local.fleet import Fleet, plan
from local.folders import run_folder
from local.ports import LOOPBACK, free_port
from local.stage import Stage, stage, started
from local.terminal import console, run, step
from shared.listener import serving
from simulator.crowd import Crowd
from simulator.report import answered_with_address
from simulator.server import Simulator

PAGE: Final = Path(__file__).parent.parent / "docs" / "tracing.md"
MEASURED: Final = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)
DELIVERED: Final = re.compile(r'^fleet_trace_spans_total\{fate="delivered"\} (\S+)$', re.MULTILINE)
SHARE: Final = 0.01
GOAL: Final = 0.03
PEOPLE: Final = 300
PAIRS: Final = 4
ONE_EACH: Final = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}
SETTINGS: Final = {
    "REGISTRATION": "open",
    "CONSENT": "off",
    "TELEGRAM_WEBHOOK_SECRET": "for-the-bench-only",
    "GEOCODER": "offline",
}
LIMIT: Final = 180.0
"""Seconds until everybody has an address; a thousand take 34."""
TOLD: Final = 7.0
"""Seconds in which the last steps are delivered."""

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Round:
    """What the services spent on a check-in, seconds; and how many steps the collector got."""

    cpu: float
    steps: int


@dataclass(frozen=True, slots=True)
class Pair:
    """The same check-ins without traces and with."""

    off: Round
    on: Round

    @property
    def ratio(self) -> float:
        """How much more, as a share."""
        return self.on.cpu / self.off.cpu - 1


@app.command()
def main(
    *,
    people: Annotated[int, typer.Option(min=10, help="How many check in at once.")] = PEOPLE,
    pairs: Annotated[int, typer.Option(min=1, help="How often, without and with.")] = PAIRS,
    write: Annotated[bool, typer.Option("--write", help="Write into docs/tracing.md, too.")] = False,
) -> None:
    """Measure what traces cost where every hundredth update is traced."""
    raise typer.Exit(run(bench(people, pairs, write=write)))


async def bench(people: int, pairs: int, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    measured: list[Pair] = []
    told = ""
    for number in range(pairs):
        rounds: dict[bool, Round] = {}
        for traced in (False, True) if number % 2 == 0 else (True, False):
            with run_folder("bench") as folder, step(f"pair {number + 1}, {'with' if traced else 'without'} traces"):
                async with stage(folder, SETTINGS) as ready:
                    told = told or await versions(ready.engines)
                    rounds[traced] = await _round(people, ready, traced=traced)
        measured.append(Pair(rounds[False], rounds[True]))
    text = report(people, measured, f"{datetime.now(UTC).date().isoformat()}: {machine()}; {told}")
    console.print(text, markup=False, soft_wrap=True)
    if write:
        PAGE.write_text(MEASURED.sub(lambda _: text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def report(people: int, pairs: Sequence[Pair], where: str) -> str:
    """The table, and what it comes to."""
    rows: list[Row] = [("pair", "without", "with", "more", "steps told")]
    rows += [
        (str(number), _ms(pair.off), _ms(pair.on), f"{pair.ratio:+.1%}", str(pair.on.steps))
        for number, pair in enumerate(pairs, 1)
    ]
    middle = statistics.median(pair.ratio for pair in pairs)
    return f"""\
Processor time of the four services for a check-in, {people} of which come at once, in milliseconds; with traces, \
{SHARE:.0%} of
the updates are traced:

{markdown(rows)}

In the middle {middle:+.1%}; the goal is less than {GOAL:+.0%}. Pairs differ by more than traces cost, for processes \
do not spend
the same twice.

Measured on {where}. Everything shares the machine.
"""


async def _round(people: int, ready: Stage, *, traced: bool) -> Round:
    services, port = plan(ONE_EACH), free_port()
    ingress = next(service for service in services if service.module == "ingress")
    async with Simulator() as telegram, _collector(port):
        environment = {
            **ready.environment,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_URL": f"http://{LOOPBACK}:{ingress.http_port}/webhook",
        }
        if traced:
            environment |= {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{port}",
                "OTEL_TRACES_SAMPLER_ARG": f"{SHARE}",
            }
        crowd = Crowd(telegram, employees=people)
        async with started(replace(ready, environment=environment), services) as fleet:
            await operate("webhook", "apply", environment=environment, logs=ready.logs)
            before = _spent(fleet)
            await crowd.everyone_checks_in()
            everybody = [one.id for one in crowd.employees]
            await telegram.until(lambda: all(answered_with_address(telegram.chat(one)) for one in everybody), LIMIT)
            await asyncio.sleep(TOLD)
            return Round((_spent(fleet) - before) / people, await _delivered(fleet) if traced else 0)


def _spent(fleet: Fleet) -> float:
    return sum(cpu_seconds(child.pid) for child in fleet.children())


async def _delivered(fleet: Fleet) -> int:
    """Steps that the services have delivered."""
    found = 0
    async with aiohttp.ClientSession() as http:
        for service in fleet.services.values():
            async with http.get(service.metrics_url) as answer:
                told = DELIVERED.search(await answer.text())
                found += int(float(told[1])) if told else 0
    return found


def _collector(port: int) -> AbstractAsyncContextManager[None]:
    """Something that takes traces, and keeps none."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    collector = web.Application()
    collector.router.add_post("/v1/traces", take)
    return serving(collector, LOOPBACK, port, 20)


def _ms(one: Round) -> str:
    return f"{one.cpu * 1e3:.2f}"


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.traces"))
