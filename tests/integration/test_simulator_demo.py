"""The demo played against a small fleet of one process, and the command as it is started."""

import asyncio
import io
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from rich.console import Console

from simulator.demo.probes import read_database, read_memory
from simulator.demo.run import Demo, Options
from simulator.server import Simulator, SimulatorConfig

PEOPLE = 15
METRICS = "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1.048576e+08\n"


class SmallFleet:
    """Answers every update with `text` at once; below thirty people that is within the limits."""

    def __init__(self) -> None:
        self.text = "Giriş qeydə alındı\n📍 Nizami küçəsi, Bakı"
        self.api = ""
        self.url = ""
        self.http = aiohttp.ClientSession()

    async def handle(self, request: web.Request) -> web.Response:
        update = await request.json()
        params = {"chat_id": update["message"]["chat"]["id"], "text": self.text}
        async with self.http.post(f"{self.api}/sendMessage", json=params) as answer:
            await answer.read()
        return web.Response()

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=METRICS)

    async def connect(self, telegram_url: str) -> None:
        self.api = f"{telegram_url}/bot42:TEST"
        async with self.http.post(f"{self.api}/setWebhook", json={"url": f"{self.url}/webhook"}) as answer:
            assert (await answer.json())["ok"] is True


@pytest.fixture
async def fleet() -> AsyncIterator[SmallFleet]:
    small = SmallFleet()
    application = web.Application()
    application.router.add_post("/webhook", small.handle)
    application.router.add_get("/metrics", small.metrics)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield small
    await runner.cleanup()
    await small.http.close()


def options(deadline: float = 30.0) -> Options:
    return Options(SimulatorConfig(seed=1), employees=PEOPLE, deadline=deadline)


async def start_command(*arguments: str) -> tuple[Process, str]:
    """The command on a free port, and its address."""
    command = ("-m", "simulator", "--listen", "127.0.0.1:0", "--token", "42:TEST", *arguments)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    address = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert address is not None, line
    return process, address.group()


async def test_a_fleet_that_answers_everybody_holds_every_promise(fleet: SmallFleet) -> None:
    async with Simulator(options().config) as telegram:
        demo = Demo(options(), telegram, Console(file=io.StringIO()))
        await fleet.connect(telegram.url)
        await demo.play()
        assert [promise.failure for promise in await demo.verdict() if promise.held is False] == []


async def test_a_fleet_that_answers_with_bare_coordinates_fails_at_the_deadline(fleet: SmallFleet) -> None:
    fleet.text = "📍 40.37171, 49.85053"
    async with Simulator(options().config) as telegram:
        demo = Demo(options(deadline=0.5), telegram, Console(file=io.StringIO()))
        await fleet.connect(telegram.url)
        with pytest.raises(TimeoutError):
            await demo.play()
        broken = [promise.name for promise in await demo.verdict() if promise.held is False]
        assert broken == ["replied with an address"]


async def test_the_command_ends_with_0_when_every_promise_held(fleet: SmallFleet) -> None:
    process, url = await start_command("--employees", "10", "--deadline", "30", f"--metrics=fleet={fleet.url}/metrics")
    await fleet.connect(url)
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert "failed" not in output.decode()
    assert "100 MiB" in output.decode()


@pytest.mark.long
async def test_the_command_ends_with_1_and_tells_why_when_nobody_answers() -> None:
    process, _ = await start_command("--employees", "10", "--deadline", "1")
    output, _ = await process.communicate()
    assert process.returncode == 1
    assert "replied exactly once: promised all, found 0 of 10." in output.decode()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_command_cleanly(number: signal.Signals) -> None:
    process, _ = await start_command("--employees", "10")
    process.send_signal(number)
    output, _ = await process.communicate()
    assert process.returncode == 1
    assert "It was stopped before everybody had a reply" in output.decode()


async def test_memory_is_read_from_metrics_and_a_silent_service_is_told(fleet: SmallFleet) -> None:
    read = await read_memory({"good": f"{fleet.url}/metrics", "wrong": f"{fleet.url}/", "gone": "http://127.0.0.1:9/"})
    assert read["good"] == 100.0
    assert "tells no process_resident_memory_bytes" in str(read["wrong"])
    assert "could not be read" in str(read["gone"])


async def test_a_database_that_is_away_is_told_and_does_not_end_the_demo() -> None:
    answer = await read_database("postgresql://nobody@127.0.0.1:9/none", [1])
    assert str(answer).startswith("the database could not be read: ")
