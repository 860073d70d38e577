"""What an address of PostgreSQL says, and in which order its servers are asked."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.connecting import Connected, Servers

THREE = "postgresql://u:p@one,two,three/db"


class Stub(Connected):
    """A connection to nobody."""

    def __init__(self, host: str | None) -> None:
        self.host = host

    def __del__(self) -> None:
        """Not asyncpg's own, which would close it."""


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> set[str | None]:
    """Every server is there but these."""
    hosts: set[str | None] = set()

    async def connect(url: str, **_how: object) -> Stub:
        await asyncio.sleep(0)
        if (host := urlsplit(url).hostname) in hosts:
            raise ConnectionRefusedError
        return Stub(host)

    monkeypatch.setattr(asyncpg, "connect", connect)
    return hosts


async def led(servers: Servers) -> Stub:
    connection = await servers.connect(timeout=1.0)
    assert isinstance(connection, Stub)
    return connection


@pytest.mark.usefixtures("away")
async def test_a_server_that_was_lost_is_asked_last_however_many_notice_it_at_once() -> None:
    servers = Servers(THREE)
    lost = [await led(servers) for _ in range(5)]
    assert [servers.leave(each.origin) for each in lost] == [True, False, False, False, False]
    assert (await led(servers)).host == "two"


@pytest.mark.usefixtures("away")
async def test_after_the_last_server_comes_the_first() -> None:
    servers = Servers(THREE)
    hosts = []
    for _ in range(4):
        connection = await led(servers)
        hosts.append(connection.host)
        servers.leave(connection.origin)
    assert hosts == ["one", "two", "three", "one"]


async def test_a_connection_that_is_lost_is_not_held_against_another_server_that_serves_by_now(
    away: set[str | None],
) -> None:
    servers = Servers(THREE)
    old = await led(servers)
    away.add("one")
    assert (await led(servers)).host == "two"
    away.clear()
    assert servers.leave(old.origin), "whose other connections are lost as well"
    assert (await led(servers)).host == "two"


@pytest.mark.usefixtures("away")
async def test_a_loss_that_is_noticed_late_says_nothing_of_a_server_that_serves_again() -> None:
    servers = Servers("postgresql://u:p@one,two/db")
    early, late = await led(servers), await led(servers)
    servers.leave(early.origin)
    servers.leave((await led(servers)).origin)
    assert not servers.leave(late.origin)
    assert (await led(servers)).host == "one"


@pytest.mark.usefixtures("away")
async def test_a_single_server_that_was_lost_is_asked_again() -> None:
    servers = Servers("postgresql://u:p@one/db")
    servers.leave((await led(servers)).origin)
    assert (await led(servers)).host == "one"


@pytest.mark.parametrize(
    ("query", "pooled"),
    [("", False), ("?statement_cache_size=0", True), ("?sslmode=require&statement_cache_size=50", False)],
)
def test_the_address_says_whether_there_is_a_pooler(query: str, *, pooled: bool) -> None:
    assert Servers(f"postgresql://u:p@one/db{query}").pooled is pooled


def test_a_cache_size_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="0 behind PgBouncer"):
        Servers("postgresql://u:p@one/db?statement_cache_size=off")


async def test_who_connects_may_say_a_name_and_that_nothing_stays_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    async def connect(url: str, **how: object) -> Stub:
        asked.append({"url": url, **how})
        return Stub("one")

    monkeypatch.setattr(asyncpg, "connect", connect)
    servers = Servers("postgresql://u:p@one/db?statement_cache_size=7")
    await servers.connect(timeout=1, name="fleet doctor", statements=0)
    await servers.connect(timeout=1)
    assert [one["url"] for one in asked] == ["postgresql://u:p@one/db"] * 2
    assert [one["statement_cache_size"] for one in asked] == [0, 7]
    assert [one["server_settings"] for one in asked] == [{"application_name": "fleet doctor"}, {}]
