"""`fleet webhook`: what it tells Telegram, and what it says to people."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from local.command import FLEET
from local.ports import LOOPBACK, free_port
from simulator.crowd import Crowd
from simulator.server import Simulator, SimulatorConfig

TOKEN, SECRET = "42:hunter2-token", "hunter2-secret"


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig(token=TOKEN)) as simulator:
        yield simulator


async def fleet(telegram: Simulator, *words: str, **environment: str) -> tuple[int | None, str]:
    """Run `fleet webhook ...`; returns its exit status and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, (FLEET, "webhook", *words)),
        env={
            "PATH": os.environ["PATH"],
            "COLUMNS": "200",
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_a_webhook_is_set_shown_and_deleted_and_nothing_that_waits_is_dropped(telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=3)
    await crowd.everyone_checks_in()
    url = f"http://{LOOPBACK}:{free_port()}/webhook"

    status, said = await fleet(telegram, "set", TELEGRAM_WEBHOOK_URL=url, TELEGRAM_WEBHOOK_SECRET=SECRET)
    assert status == 0, said
    assert url in said
    assert telegram.webhook is not None
    assert (telegram.webhook.url, telegram.webhook.secret_token) == (url, SECRET)
    assert telegram.webhook.max_connections == 100
    assert telegram.updates.allowed == {"message", "edited_message", "callback_query"}
    assert SECRET not in said

    status, said = await fleet(telegram, "info")
    assert status == 0
    assert url in said
    assert "pending_update_count" in said

    status, said = await fleet(telegram, "delete")
    assert status == 0
    assert telegram.summary().endswith("webhook not set")
    assert "(none)" in said
    assert telegram.updates.pending == 3
    assert TOKEN not in said


async def test_what_telegram_does_not_do_is_status_1_and_a_sentence_without_the_secrets(telegram: Simulator) -> None:
    settings = {"TELEGRAM_WEBHOOK_URL": "https://bot.example.com/webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    away = settings | {"TELEGRAM_API_URL": f"http://{LOOPBACK}:{free_port()}"}
    other = settings | {"TELEGRAM_BOT_TOKEN": f"{TOKEN}-of-yesterday"}
    ends = await asyncio.gather(
        *(fleet(telegram, word, **away) for word in ("set", "info", "delete")), fleet(telegram, "info", **other)
    )
    for status, said in ends:
        assert status == 1
        assert "TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN) failed: " in said
        assert "Traceback" not in said
        assert TOKEN not in said
        assert SECRET not in said
    assert "Unauthorized" in ends[-1][1]


async def test_setting_a_webhook_without_its_settings_is_status_2_and_names_them(telegram: Simulator) -> None:
    status, said = await fleet(telegram, "set")
    assert status == 2
    assert [line.partition(":")[0] for line in said.splitlines()] == ["TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET"]
