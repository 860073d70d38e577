"""The load as locust plays it, on a door that only counts: what is posted, what is posted again, and when it ends."""

import asyncio
import json
import os
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from local.folders import PROJECT
from local.ports import LOOPBACK
from tests.load.answers import read
from tests.load.locusts import LOCUST, LOCUSTFILE, Wanted, posted

SECRET = "a-secret-for-tests"  # noqa: S105 - opens a door of this test only
HEADER = "X-Telegram-Bot-Api-Secret-Token"

pytestmark = pytest.mark.skipif(not LOCUST.exists(), reason=f"{LOCUST} is not there; `make load` makes it")


@dataclass
class Door:
    """Takes every update, but for every tenth, which it takes the second time."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    later: set[int] = field(default_factory=set)
    strangers: int = 0

    async def post(self, request: web.Request) -> web.Response:
        update = json.loads(await request.read())
        number = update["update_id"]
        if request.headers.getall(HEADER) != [SECRET]:
            self.strangers += 1
            return web.Response(status=401)
        if number % 10 == 0 and number not in self.later:
            self.later.add(number)
            return web.Response(status=503, headers={"Retry-After": "1"})
        self.taken.append(update)
        return web.Response()


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    door = Door()
    application = web.Application()
    application.router.add_post("/webhook", door.post)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    door.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    try:
        yield door
    finally:
        await runner.cleanup()


async def test_everyone_posts_once_in_two_processes_and_what_was_refused_for_now_again(tmp_path: Path) -> None:
    async with opened() as door:
        assert await posted(Wanted(60, 60, "everyone", 2), door.url, SECRET, tmp_path) == 0
    people = [update["message"]["from"]["id"] for update in door.taken]
    assert len(people) == len(set(people)) == 60
    assert all("location" in update["message"] for update in door.taken)
    assert door.strangers == 0
    noted = Counter(answer.status for answer in read(tmp_path))
    assert noted == {200: 60, 503: len(door.later)}
    assert door.later
    assert {answer.update_id for answer in read(tmp_path) if answer.status == 200} == {
        update["update_id"] for update in door.taken
    }


async def test_a_steady_load_ends_by_itself_and_notes_every_answer(tmp_path: Path) -> None:
    async with opened() as door:
        assert await posted(Wanted(20, 5, "steady", 1), door.url, SECRET, tmp_path) == 0
    assert len(door.taken) >= 20
    noted = {answer.update_id: answer for answer in read(tmp_path) if answer.status == 200}
    assert set(noted) == {update["update_id"] for update in door.taken}
    assert door.strangers == 0


@pytest.mark.parametrize(
    ("secret", "host", "said"),
    [(SECRET, "http://10.255.255.1:8080", "--own-fleet"), ("", "http://127.0.0.1:9", "TELEGRAM_WEBHOOK_SECRET")],
    ids=["another machine", "no secret"],
)
async def test_locust_itself_refuses_what_may_not_be_posted(secret: str, host: str, said: str) -> None:
    argv = [str(LOCUST), "-f", str(LOCUSTFILE), "--host", host, "--run-time", "2s"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "TELEGRAM_WEBHOOK_SECRET": secret}
    ended = await asyncio.to_thread(
        subprocess.run, argv, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert said in ended.stderr
