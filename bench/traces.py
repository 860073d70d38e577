"""Owns `make bench-traces`: what traces cost, as processor time of the same check-ins with them and without.

Two fleets run side by side (bench/twins.py), one with traces. Other processes spend otherwise on the same, so there are
PAIRS of them, and in turn it is the first and the second of a pair that traces.

`python -m bench.traces` prints, and has status 1 when the goal is not shown to be held; with `--write` it replaces what
docs/tracing.md says of it, too. Nothing outlives it.
"""

import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import aiohttp
import typer
from aiohttp import web

from bench.surroundings import machine, versions
from bench.traces_page import PAIRS, Pair, TracesReport, put
from bench.twins import SETTINGS, Twin, spent_by, twin
from local.folders import run_folder
from local.ports import LOOPBACK, free_port
from local.stage import stage
from local.terminal import console, run, step
from shared.listener import serving

DELIVERED: Final = re.compile(r'^fleet_trace_spans_total\{fate="delivered"\} (\S+)$', re.MULTILINE)
SHARE: Final = 0.01
SECONDS: Final = 60

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    seconds: Annotated[int, typer.Option(min=5, help="That count, of each pair of fleets.")] = SECONDS,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of updates that are traced.")] = SHARE,
    write: Annotated[bool, typer.Option("--write", help="Write into docs/tracing.md, too.")] = False,
) -> None:
    """Measure what traces cost, beside a fleet without them."""
    raise typer.Exit(run(bench(seconds, share, write=write)))


async def bench(seconds: int, share: float, *, write: bool) -> int:
    """Measure and print; returns the exit status."""
    measured: list[Pair] = []
    told, steps, port = "", 0, free_port()
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "OTEL_TRACES_SAMPLER_ARG": f"{share}",
    }
    async with _collector(port):
        for number in range(PAIRS):
            settings = ({}, traced) if number % 2 == 0 else (traced, {})
            async with _pair(settings, seconds) as (twins, told):
                with step(f"pair {number + 1} of {PAIRS}"):
                    spent = await spent_by(twins, seconds)
                off, on = spent if number % 2 == 0 else reversed(spent)
                measured.append(Pair(off, on))
                steps += await _delivered(twins)
    where = f"{datetime.now(UTC).date().isoformat()}: {machine()}; {told}"
    report = TracesReport(seconds, share, measured, steps, where)
    console.print(report.text(), markup=False, soft_wrap=True)
    if write:
        put(report.text())
    return 0 if report.held else 1


@asynccontextmanager
async def _pair(settings: tuple[dict[str, str], dict[str, str]], seconds: int) -> AsyncIterator[tuple[list[Twin], str]]:
    """Two fleets side by side, and the versions of all they stand on."""
    async with AsyncExitStack() as running:
        stages = [
            await running.enter_async_context(stage(running.enter_context(run_folder("bench")), SETTINGS))
            for _ in settings
        ]
        told = await versions(stages[0].engines)
        twins = [
            await running.enter_async_context(twin(ready, own, seconds))
            for ready, own in zip(stages, settings, strict=True)
        ]
        yield twins, told


async def _delivered(twins: Sequence[Twin]) -> int:
    """Steps that the services have delivered."""
    found = 0
    async with aiohttp.ClientSession() as http:
        for service in (service for one in twins for service in one.fleet.services.values()):
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


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m bench.traces"))
