"""The crowd that benches send, and what their pages say of what they measured."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from bench.checkins import checkins
from bench.crowd import RefusedError, post
from bench.flow import CROWD, Flow
from bench.hops_page import Hop, rows
from bench.memory_page import failures
from bench.pace import Pace, best, pace
from bench.pipeline_page import flow_rows
from bench.spending import Spending, cpu_seconds
from local.ports import LOOPBACK, free_port
from local.processes import Child, ChildFailedError, Program


@contextlib.asynccontextmanager
async def door(*statuses: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A webhook that answers so, the last for ever, and what it took."""
    answers = list(statuses)
    taken: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "secret"
        status, body = answers.pop(0) if len(answers) > 1 else answers[0], await request.read()
        if status == 200:
            taken.append(body)
        return web.Response(status=status, text="said\n", headers={"Retry-After": "0.01"})

    app, port = web.Application(), free_port()
    app.router.add_post("/webhook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"http://{LOOPBACK}:{port}/webhook", taken
    finally:
        await runner.cleanup()


async def test_the_crowd_posts_each_update_once_and_as_telegram_writes_it() -> None:
    sent = [one.body for one in checkins(0, 250)]
    async with door(200) as (url, taken):
        assert await post(url, "secret", sent, connections=7) == 0
    assert sorted(taken) == sorted(sent)
    assert len({msgspec.json.decode(body)["message"]["from"]["id"] for body in taken}) == 250


async def test_an_update_that_is_refused_ends_the_bench() -> None:
    async with door(401) as (url, _):
        with pytest.raises(ExceptionGroup) as found:
            await post(url, "secret", [b"{}"], connections=1)
    assert found.group_contains(RefusedError, match="401")


async def test_an_update_that_is_put_off_is_posted_again_before_the_next() -> None:
    async with door(200, 503, 503, 200) as (url, taken):
        assert await post(url, "secret", [b"1", b"2", b"3"], connections=1) == 2
    assert taken == [b"1", b"2", b"3"]


@contextlib.asynccontextmanager
async def python(code: str) -> AsyncIterator[Child]:
    child = await Child.spawn(Program(name="python", argv=(sys.executable, "-c", code), env={}))
    try:
        yield child
    finally:
        await child.kill()


async def test_what_a_process_and_its_children_use_is_theirs() -> None:
    async with python("import os\nos.fork()\nwhile True: pass") as child:
        spending, alone = Spending({"busy": [child.pid], "nobody": []}), cpu_seconds(child.pid)
        async with asyncio.timeout(60):
            while (used := spending.so_far()["busy"]) < 0.3:  # noqa: ASYNC110 - only the kernel knows it
                await asyncio.sleep(0.02)
        assert used > cpu_seconds(child.pid) - alone
        assert spending.so_far()["nobody"] == 0


async def test_who_ends_before_the_work_is_done_has_no_pace() -> None:
    async def nothing() -> int:
        return 0

    async with python("pass") as child:
        with pytest.raises(ChildFailedError):
            await pace(child, nothing, 100)


def test_the_best_turn_counts_for_each_figure() -> None:
    assert best([Pace(100.0, 0.002), Pace(120.0, 0.003)]) == Pace(120.0, 0.002)
    assert best([Pace(100.0)]) == Pace(100.0)


def test_a_hop_says_how_much_of_its_limit_it_reaches() -> None:
    door, pacer = Hop("door", Pace(4000.0, 0.0002), Pace(2000.0, 0.0005)), Hop("pacer", Pace(30), Pace(29.25))
    assert rows([door, pacer])[1:] == [
        ("door", "4,000.0", "2,000.0", "50.0%", "0.20 ms", "0.50 ms (2.5 x)"),
        ("pacer", "30.0", "29.2", "97.5%", "-", "-"),
    ]


def test_a_flow_says_who_used_how_much_for_one_check_in() -> None:
    flow = Flow(1000, taken=1.0, handed=2.0, cpu={"checkin_worker": 3.0, CROWD: 1.0})
    assert flow.rate == 500
    assert flow_rows(flow)[1:] == [
        ("checkin_worker", "3.00 ms", "75%"),
        (CROWD, "1.00 ms", "25%"),
        ("all of them", "4.00 ms", "100%"),
    ]


def test_more_memory_than_was_promised_is_said() -> None:
    assert failures({0: {"sender": 90.0}, 100_000: {"sender": 249.0}}) == []
    (failure,) = failures({0: {"sender": 90.0}, 100_000: {"sender": 251.0}})
    assert "100,000 messages waiting sender took 251 MiB" in failure
