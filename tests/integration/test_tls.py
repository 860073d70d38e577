"""TLS with certificates on both sides to each engine, by its address alone; whoever is not introduced stays out."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from local.command import FLEET
from local.fleet import Fleet, plan
from local.folders import LOGS
from ops.broker import broker
from shared.broker import Link
from shared.cache import Cache
from shared.database import PrimaryPool
from shared.errors import BrokerUnavailable
from shared.settings import DatabaseSettings
from tests.integration.broker_side import until
from tests.integration.ops_side import fleet as fleet_command
from tests.integration.tls_side import Office, Strict, StrictPostgres, StrictRabbitMQ, StrictRedis

LIMIT = 15.0
Enters = Callable[[str], Awaitable[bool]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("papers")
    for parent in folder.parents[:3]:
        parent.chmod(0o755)  # PostgreSQL runs as another user
    return Office.opened(folder / "office")


@pytest.fixture(scope="module")
async def strict(run: Path, office: Office) -> AsyncIterator[dict[str, Strict]]:
    """The three engines, each of which wants to see a certificate."""
    there = run / "strict"
    there.mkdir()
    engines: dict[str, Strict] = {
        "rabbitmq": StrictRabbitMQ(there, office),
        "postgres": StrictPostgres(there, office),
        "redis": StrictRedis(there, office),
    }
    try:
        await asyncio.gather(*(engine.start() for engine in engines.values()))
        yield engines
    finally:
        await asyncio.gather(*(engine.discard() for engine in engines.values()))


async def enters_rabbitmq(url: str) -> bool:
    """Whether a service's link comes up, or says that it cannot."""
    link = Link(SecretStr(url), "tls", [])
    with structlog.testing.capture_logs() as lines:
        task = asyncio.create_task(link.run())

        async def told() -> bool:
            return await link.answers() or any(line["event"] == "broker_unreachable" for line in lines)

        await until(told)
        entered = await link.answers()
        task.cancel()
        await asyncio.wait([task])
    return entered


async def enters_postgres(url: str) -> bool:
    settings = DatabaseSettings(database_url=SecretStr(url), db_pool_min=1, db_pool_max=1)
    async with contextlib.aclosing(PrimaryPool(settings)) as pool:
        return await pool.answers()


async def enters_redis(url: str) -> bool:
    """Within 50 ms, the handshake too, like every command."""
    async with contextlib.aclosing(Cache(SecretStr(url))) as cache:
        return await cache.answers()


ENTERS: dict[str, Enters] = {"rabbitmq": enters_rabbitmq, "postgres": enters_postgres, "redis": enters_redis}


@pytest.mark.parametrize("name", ENTERS)
async def test_who_has_a_certificate_and_trusts_the_right_authority_enters(
    strict: dict[str, Strict], name: str
) -> None:
    url = strict[name].introduced()
    await until(lambda: ENTERS[name](url))  # a machine that is busy may need more than one of Redis's 50 ms


@pytest.mark.parametrize("name", ENTERS)
async def test_an_engine_of_another_authority_is_not_talked_to(strict: dict[str, Strict], name: str) -> None:
    papers = strict[name].office
    assert not await ENTERS[name](strict[name].address(papers.stranger.authority, papers.client))


@pytest.mark.parametrize("name", ENTERS)
async def test_without_a_certificate_nobody_enters(strict: dict[str, Strict], name: str) -> None:
    assert not await ENTERS[name](strict[name].address(strict[name].office.server.authority, None))


@pytest.mark.parametrize("name", ENTERS)
async def test_with_a_certificate_of_another_authority_nobody_enters(strict: dict[str, Strict], name: str) -> None:
    papers = strict[name].office
    assert not await ENTERS[name](strict[name].address(papers.server.authority, papers.stranger))


@pytest.mark.parametrize("name", ENTERS)
async def test_an_engine_under_another_name_is_not_talked_to(strict: dict[str, Strict], name: str) -> None:
    """127.0.0.2 is the same machine, and not whom the certificate names."""
    assert not await ENTERS[name](strict[name].introduced().replace("127.0.0.1", "127.0.0.2"))


async def test_services_become_ready_over_tls(strict: dict[str, Strict], run: Path) -> None:
    urls = {
        "DATABASE_URL": strict["postgres"].introduced(),
        "RABBITMQ_URL": strict["rabbitmq"].introduced(),
        "REDIS_URL": strict["redis"].introduced(),
    }
    migrated = await fleet_command(urls["DATABASE_URL"], "migrate")
    assert migrated.status == 0, migrated.problems
    environment = {
        "PATH": os.environ["PATH"],
        "LISTEN_ADDRESS": "127.0.0.1",
        "TELEGRAM_BOT_TOKEN": "1:token",
        "TELEGRAM_WEBHOOK_SECRET": "secret",
        "REGISTRATION": "open",
        "GEOCODER": "none",
        "DB_POOL_MIN": "1",
        **urls,
    }
    counts = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}
    async with Fleet(plan(counts), environment, run / LOGS / "tls") as fleet:
        assert set((await fleet.stop_all()).values()) == {0}


async def test_fleets_commands_say_in_a_line_that_they_were_not_let_in(strict: dict[str, Strict]) -> None:
    papers = strict["postgres"].office
    address = strict["postgres"].address(papers.server.authority, None)
    status, _ = await ended({"DATABASE_URL": address}, FLEET, "migrate")
    assert status == 1
    with pytest.raises(BrokerUnavailable):
        async with broker(SecretStr(strict["rabbitmq"].address(papers.stranger.authority, papers.client))):
            pass


@pytest.mark.parametrize(("variable", "name"), [("RABBITMQ_URL", "rabbitmq"), ("REDIS_URL", "redis")])
async def test_a_service_with_a_wrong_path_ends_with_status_2_and_one_line(
    strict: dict[str, Strict], tmp_path: Path, variable: str, name: str
) -> None:
    environment = {
        "TELEGRAM_BOT_TOKEN": "1:token",
        "RABBITMQ_URL": strict["rabbitmq"].introduced(),
        "REDIS_URL": strict["redis"].introduced(),
        variable: strict[name].address(tmp_path / "not-there", None),
    }
    status, line = await ended(environment, sys.executable, "-m", "sender")
    assert status == 2
    assert line.startswith(f"{variable}: has a {strict[name].words[0]} that cannot be used (No such file or directory)")


async def ended(environment: dict[str, str], *words: object) -> tuple[int | None, str]:
    """How a process ended, and the one line that it complained in.

    A process, since asyncpg leaves a TLS connection that was refused to be closed by the loop, which has ended by then:
    Python is silent about that, and a test that takes warnings for errors is not.
    """
    process = await asyncio.create_subprocess_exec(*map(str, words), env=environment, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(LIMIT):
        _, said = await process.communicate()
    (line,) = said.decode().splitlines()
    return process.returncode, line
