"""The command `python -m simulator`: reads its options and plays one morning."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from simulator.demo.run import Options, run
from simulator.people import OFFICES
from simulator.server import SimulatorConfig

WIDTH = 110
"""Of the table, where it is not shown on a terminal."""

app = typer.Typer(add_completion=False)


@app.command()
def main(  # noqa: PLR0913 - a command has as many parameters as options
    *,
    listen: Annotated[str, typer.Option(help="Where the Bot API listens.", metavar="HOST:PORT")] = "127.0.0.1:8081",
    token: Annotated[str, typer.Option(envvar="TELEGRAM_BOT_TOKEN", help="The bot's token.")] = "42:TEST",  # noqa: S107 - the simulator's own, it opens nothing
    employees: Annotated[int, typer.Option(min=1, help="How many people check in.")] = 1000,
    offices: Annotated[int, typer.Option(min=1, max=len(OFFICES), help="At how many places.")] = 5,
    jitter: Annotated[float, typer.Option(min=0, help="GPS jitter in metres.")] = 15.0,
    spread: Annotated[float, typer.Option(min=0, help="Seconds over which they come; 0 is at once.")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="The share of people who come late.")] = 0.0,
    double_taps: Annotated[float, typer.Option(min=0, max=1, help="The share of people who tap twice.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed is another crowd.")] = 1,
    deadline: Annotated[float, typer.Option(min=1, help="Seconds for the whole thing.")] = 180.0,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL, to count what was recorded.")] = None,
    metrics: Annotated[
        list[str] | None, typer.Option(help="A service's /metrics, for its memory; repeat it.", metavar="NAME=URL")
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Stay up after the table.")] = False,
) -> None:
    """Simulate Telegram and a company whose employees all check in; judge the fleet by what arrives."""
    host, port = _read_listen(listen)
    options = Options(
        config=SimulatorConfig(token=_read_token(token), host=host, port=port, seed=seed),
        employees=employees,
        offices=offices,
        jitter=jitter,
        spread=spread,
        late=late,
        double_taps=double_taps,
        deadline=deadline,
        database_url=database_url,
        metrics=dict(_read_metrics(entry) for entry in metrics or ()),
        stay=stay,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise typer.Exit(runner.run(run(options, Console(width=None if sys.stdout.isatty() else WIDTH))))


def _read_listen(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise typer.BadParameter("wants HOST:PORT, for example 127.0.0.1:8081", param_hint="--listen")
    return host, int(port)


def _read_token(token: str) -> str:
    if not token.partition(":")[0].isdigit():
        raise typer.BadParameter("wants a bot's token, for example 42:TEST", param_hint="--token")
    return token


def _read_metrics(entry: str) -> tuple[str, str]:
    name, found, url = entry.partition("=")
    if not found or not url.startswith("http"):
        raise typer.BadParameter(
            "wants NAME=URL, for example sender=http://127.0.0.1:9100/metrics", param_hint="--metrics"
        )
    return name, url


if __name__ == "__main__":
    app(prog_name="python -m simulator")
