"""What an address of PostgreSQL says, and in which order its servers are asked."""

import asyncpg
import pytest

from shared.connecting import Servers

THREE = "postgresql://u:p@one,two,three/db"


def test_a_server_that_was_lost_is_asked_last_however_many_notice_it_at_once() -> None:
    servers = Servers(THREE)
    lost = servers.first
    for _ in range(5):
        servers.leave(lost)
    assert servers.first == lost + 1


def test_after_the_last_server_comes_the_first() -> None:
    servers = Servers(THREE)
    for _ in range(3):
        servers.leave(servers.first)
    assert servers.first == Servers(THREE).first


def test_a_single_server_that_was_lost_is_asked_again() -> None:
    servers = Servers("postgresql://u:p@one/db")
    servers.leave(servers.first)
    assert servers.first == 0


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

    async def connect(url: str, **how: object) -> None:
        asked.append({"url": url, **how})

    monkeypatch.setattr(asyncpg, "connect", connect)
    servers = Servers("postgresql://u:p@one/db?statement_cache_size=7")
    await servers.connect(timeout=1, name="fleet doctor", statements=0)
    await servers.connect(timeout=1)
    assert [one["url"] for one in asked] == ["postgresql://u:p@one/db"] * 2
    assert [one["statement_cache_size"] for one in asked] == [0, 7]
    assert [one["server_settings"] for one in asked] == [{"application_name": "fleet doctor"}, {}]
