"""Services and commands under failures: whatever they say, no token, secret, password or key is in it."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from local.engines import Engines
from local.fleet import Service, plan, python_module
from local.folders import LOGS
from local.ports import LOOPBACK, free_port
from local.processes import Child, Program
from shared.contracts import EventRef, GeoRequest, OutboundCall, encode
from shared.topology import GEO_REQUESTS, INTERACTIVE
from tests.integration.broker_side import linked, put, until
from tests.integration.ops_side import fleet

TOKEN, SECRET, KEY = "7654321:AAtoken-of-this-test", "webhook-secret-of-this-test", "geocoder-key-of-this-test"
pytestmark = pytest.mark.long

WRONG = ("wrong-of-rabbitmq", "wrong-of-postgres", "wrong-of-redis")
COUNTS = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}


def secrets(engines: Engines) -> set[str]:
    """What must not be seen, as it is and in part."""
    real = {engine.password for engine in (engines.rabbitmq, engines.postgres, engines.redis)}
    return {TOKEN, TOKEN.partition(":")[2], SECRET, KEY, *WRONG, *real}


def environment(gone: int, **changed: str) -> dict[str, str]:
    """The environment of any service, with nobody at any address but the changed ones."""
    return {
        "PATH": os.environ["PATH"],
        "LISTEN_ADDRESS": LOOPBACK,
        "LOG_LEVEL": "DEBUG",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": f"http://{LOOPBACK}:{gone}",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_WEBHOOK_URL": "https://bot.example.com/webhook",
        "RABBITMQ_URL": f"amqp://fleet:{WRONG[0]}@{LOOPBACK}:{gone}/",
        "DATABASE_URL": f"postgresql://fleet:{WRONG[1]}@{LOOPBACK}:{gone}/x",
        "REDIS_URL": f"redis://:{WRONG[2]}@{LOOPBACK}:{gone}/0",
        "REGISTRATION": "open",
        "GEOCODER": "google",
        "GEOCODER_URL": f"https://{LOOPBACK}:{gone}/json?token={KEY}",
        "GEOCODER_API_KEY": KEY,
        "DB_POOL_MIN": "1",
        **changed,
    }


class Watched:
    """Services that need not become ready, and all that they say."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env = env
        self._logs = logs
        self._children: dict[str, Child] = {}
        self.services: list[Service] = plan(COUNTS)
        self.pages: list[str] = []

    def said(self, name: str) -> str:
        log = self._logs / f"{name}.log"
        return log.read_text() if log.exists() else ""

    async def tells(self, name: str, *words: str) -> None:
        """Wait until each of the words is in what it says."""

        async def told() -> bool:
            assert self._children[name].status is None, self.said(name)
            return all(word in self.said(name) for word in words)

        await until(told, 60)

    async def everything(self) -> str:
        """Logs and pages, when all have ended in order."""
        async with aiohttp.ClientSession() as http:
            for service in self.services:
                for url in (service.metrics_url, service.ready_url):
                    async with http.get(url) as answer:
                        self.pages.append(await answer.text())
        ended = await asyncio.gather(*(child.stop(30, signal.SIGTERM) for child in self._children.values()))
        assert set(ended) == {0}
        return "\n".join([*self.pages, *(self.said(service.name) for service in self.services)])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            for service in self.services:
                ports = {"METRICS_PORT": str(service.metrics_port), "HTTP_PORT": str(service.http_port)}
                log = self._logs / f"{service.name}.log"
                argv = python_module(service.module)
                program = Program(name=service.name, argv=argv, env={**self._env, **ports}, log=log)
                self._children[service.name] = await Child.spawn(program)
            yield
        finally:
            for child in self._children.values():
                await child.kill()


def without(said: str, hidden: set[str]) -> list[str]:
    """The lines that hold what must not be seen."""
    return [line for line in said.splitlines() if any(secret in line for secret in hidden)]


async def test_services_with_wrong_passwords_tell_of_it_and_not_of_them(engines: Engines, run: Path) -> None:
    wrong = {
        "RABBITMQ_URL": engines.rabbitmq.url.replace(engines.rabbitmq.password, WRONG[0]),
        "DATABASE_URL": engines.postgres.url.replace(engines.postgres.password, WRONG[1]),
        "REDIS_URL": engines.redis.url.replace(engines.redis.password, WRONG[2]),
    }
    watched = Watched(environment(free_port(), **wrong), run / LOGS / "wrong-passwords")
    async with watched.running():
        for service in watched.services:
            await watched.tells(service.name, "broker_unreachable", "ProbableAuthenticationError")
        said = await watched.everything()
    assert without(said, secrets(engines)) == []


async def test_services_whose_engines_are_away_tell_of_it_and_not_of_how_to_get_in(engines: Engines, run: Path) -> None:
    watched = Watched(environment(free_port(), LOG_FORMAT="console"), run / LOGS / "away")
    async with watched.running():
        for service in watched.services:
            await watched.tells(service.name, "broker_unreachable")
        said = await watched.everything()
    assert without(said, secrets(engines)) == []


async def test_services_whom_telegram_and_the_geocoder_refuse_do_not_say_by_which_key(
    engines: Engines, database_url: str, rabbitmq_url: str, redis_url: str, run: Path
) -> None:
    right = {"RABBITMQ_URL": rabbitmq_url, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    call = OutboundCall(key="1", chat_id=5, method="sendMessage", params={"chat_id": 5, "text": "x"}, created_at=2e9)
    request = GeoRequest(event=EventRef(5, 1, 1), latitude=40.4, longitude=49.8, language="az")
    async with linked(rabbitmq_url):  # the queues are there
        await put(rabbitmq_url, INTERACTIVE.name, encode(call))
        await put(rabbitmq_url, GEO_REQUESTS.name, encode(request))
        await put(rabbitmq_url, "updates", json.dumps({"update_id": 1, "message": "poison"}).encode())
    env = environment(free_port(), **right, INGRESS_MODE="polling")
    watched = Watched(env, run / LOGS / "refused")
    async with watched.running():
        await watched.tells("ingress", "polling_failed")
        await watched.tells("geo_worker", "geocoder_failed")
        await watched.tells("checkin_worker", "not an update")
        sender = next(service for service in watched.services if service.module == "sender")

        async def called_in_vain() -> bool:
            async with aiohttp.ClientSession() as http, http.get(sender.metrics_url) as answer:
                return "sender_calls_total{" in await answer.text()

        await until(called_in_vain, 60)
        said = await watched.everything()
    assert without(said, secrets(engines)) == []


COMMANDS = (
    ("migrate",),
    ("webhook", "apply"),
    ("webhook", "plan"),
    ("menu",),
    ("employees", "list"),
    ("dead", "list"),
    ("geo", "status"),
    ("pause", "bulk"),
    ("remind", "checkin"),
)


async def operator_says(words: tuple[str, ...], env: Mapping[str, str]) -> str:
    """All that a command says that fails."""
    said = await fleet("", *words, **env)
    assert said.status in {1, 2}, (words, said)
    return "\n".join([said.out, *said.problems])


async def test_commands_that_fail_say_why_and_no_secret(engines: Engines) -> None:
    env = environment(free_port())
    for words in COMMANDS:
        said = await operator_says(words, env)
        assert said.strip(), words
        assert without(said, secrets(engines)) == [], words


async def test_commands_with_wrong_settings_say_which_and_no_secret(engines: Engines) -> None:
    wrong = {
        "TELEGRAM_BOT_TOKEN": f"x{TOKEN}",
        "RABBITMQ_URL": f"amqp://u:{WRONG[0]}/x@h",
        "DATABASE_URL": f"postgresql://u:{WRONG[1]}@h:port/x",
        "REDIS_URL": f"http://u:{WRONG[2]}@h",
    }
    env = environment(free_port(), **wrong)
    for words, variable in ((("migrate",), "DATABASE_URL"), (("webhook", "plan"), "TELEGRAM_BOT_TOKEN")):
        said = await operator_says(words, env)
        assert said.strip().startswith(f"{variable}: ")
        assert without(said, secrets(engines)) == [], words


@pytest.mark.parametrize("words", [("webhook", "plan"), ("webhook", "apply"), ("menu",)])
async def test_commands_whom_telegram_refuses_do_not_quote_the_token(engines: Engines, words: tuple[str, ...]) -> None:
    """A wrong token's 404 comes with what was asked, from whoever sits at the address."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readline()).decode().split()[1]
        body = f'{{"ok":false,"error_code":404,"description":"Not Found: {asked}"}}'
        writer.write(f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(refuse, LOOPBACK, port):
        said = await operator_says(words, environment(port))
    assert "Not Found" in said
    assert without(said, secrets(engines)) == []
