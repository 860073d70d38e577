"""`fleet webhook`: what it tells Telegram, and what it says to people."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from local.command import FLEET
from local.ports import LOOPBACK, free_port
from simulator.crowd import Crowd
from simulator.server import Simulator, SimulatorConfig
from simulator.updates.polling import SET_WEBHOOK_PAUSE
from tests.integration import ops_side

TOKEN, SECRET = "42:hunter2-token", "hunter2-secret"
NO_DATABASE = "postgresql://not-asked"


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig(token=TOKEN)) as simulator:
        yield simulator


def settings_of(telegram: Simulator) -> dict[str, str]:
    return {"COLUMNS": "200", "TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}


async def fleet(telegram: Simulator, *words: str, **environment: str) -> tuple[int, str]:
    """Run `fleet webhook ...`; returns its exit status and all that it said."""
    said = await ops_side.fleet(NO_DATABASE, "webhook", *words, **{**settings_of(telegram), **environment})
    return said.status, "\n".join((said.out, *said.problems))


async def as_process(telegram: Simulator, *words: str, **environment: str) -> tuple[int | None, str]:
    """The same as a process, with these settings and no others."""
    process = await asyncio.create_subprocess_exec(
        *map(str, (FLEET, "webhook", *words)),
        env={"PATH": os.environ["PATH"], **settings_of(telegram), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_a_webhook_is_planned_applied_and_deleted_and_nothing_that_waits_is_dropped(telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=3)
    await crowd.everyone_checks_in()
    url = f"http://{LOOPBACK}:{free_port()}/webhook"
    wish = {"TELEGRAM_WEBHOOK_URL": url}

    status, said = await fleet(telegram, "plan", **wish)
    assert status == 3, said
    assert "another url, another allowed_updates, another max_connections: `fleet webhook apply` mends it" in said
    assert cells(said, "url") == ["(none)", url, "differs"]
    assert cells(said, "max_connections") == ["40", "100", "differs"]
    assert cells(said, "pending_update_count") == ["3"]
    assert telegram.summary().endswith("webhook not set"), "a plan changes nothing"

    status, said = await fleet(telegram, "apply", **wish, TELEGRAM_WEBHOOK_SECRET=SECRET)
    assert status == 0, said
    assert telegram.webhook is not None
    assert (telegram.webhook.url, telegram.webhook.secret_token) == (url, SECRET)
    assert telegram.webhook.max_connections == 100
    assert telegram.updates.allowed == {"message", "edited_message", "callback_query"}
    assert SECRET not in said

    status, said = await fleet(telegram, "plan", **wish)
    assert status == 0, said
    assert cells(said, "url") == [url, url]
    kinds = "callback_query, edited_message, message"
    assert cells(said, "allowed_updates") == [kinds, kinds]

    status, said = await fleet(telegram, "delete")
    assert status == 0
    assert telegram.summary().endswith("webhook not set")
    assert "3 updates wait there" in said
    assert telegram.updates.pending == 3
    assert TOKEN not in said


async def test_a_plan_names_the_one_setting_that_somebody_else_has_changed(telegram: Simulator) -> None:
    settings = {"TELEGRAM_WEBHOOK_URL": "https://bot.example.com/webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    assert (await fleet(telegram, "apply", **settings))[0] == 0
    telegram.updates.allowed = frozenset({"message"})
    status, said = await fleet(telegram, "plan", **settings)
    assert status == 3
    assert "Telegram holds another allowed_updates: `fleet webhook apply` mends it" in said
    assert (await fleet(telegram, "apply", **settings))[0] == 0
    assert (await fleet(telegram, "plan", **settings))[0] == 0


async def test_applying_again_tells_the_new_secret_though_a_plan_cannot_see_it(telegram: Simulator) -> None:
    settings = {"TELEGRAM_WEBHOOK_URL": "https://bot.example.com/webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    assert (await fleet(telegram, "apply", **settings))[0] == 0
    settings |= {"TELEGRAM_WEBHOOK_SECRET": f"{SECRET}-of-tomorrow"}
    assert (await fleet(telegram, "plan", **settings))[0] == 0
    await asyncio.sleep(SET_WEBHOOK_PAUSE)
    status, said = await fleet(telegram, "apply", **settings)
    assert status == 0, said
    assert telegram.webhook is not None
    assert telegram.webhook.secret_token == f"{SECRET}-of-tomorrow"


async def test_what_telegram_does_not_do_is_status_1_and_a_sentence_without_the_secrets(telegram: Simulator) -> None:
    settings = {"TELEGRAM_WEBHOOK_URL": "https://bot.example.com/webhook", "TELEGRAM_WEBHOOK_SECRET": SECRET}
    away = settings | {"TELEGRAM_API_URL": f"http://{LOOPBACK}:{free_port()}"}
    other = settings | {"TELEGRAM_BOT_TOKEN": f"{TOKEN}-of-yesterday"}
    ends = await asyncio.gather(
        *(as_process(telegram, word, **away) for word in ("plan", "apply", "delete")),
        as_process(telegram, "plan", **other),
    )
    for status, said in ends:
        assert status == 1
        assert "TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN) failed: " in said
        assert "Traceback" not in said
        assert TOKEN not in said
        assert SECRET not in said
    assert "Unauthorized" in ends[-1][1]


@pytest.mark.parametrize(
    ("word", "lacks"),
    [("plan", ["TELEGRAM_WEBHOOK_URL"]), ("apply", ["TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET"])],
)
async def test_without_its_settings_it_is_status_2_and_names_them(
    telegram: Simulator, word: str, lacks: list[str]
) -> None:
    status, said = await as_process(telegram, word)
    assert status == 2
    assert [line.partition(":")[0] for line in said.splitlines()] == lacks


def cells(said: str, setting: str) -> list[str]:
    """What the table says of a setting."""
    [row] = [line for line in said.splitlines() if line.startswith(f"│ {setting} ")]
    return [cell for cell in (one.strip() for one in row.strip("│").split("│")[1:]) if cell]
