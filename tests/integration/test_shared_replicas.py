"""Whatever becomes of the replicas, a read sees what was committed before it, and comes within its bound."""

import asyncio
import contextlib
import itertools
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aio_pika.abc import AbstractConnection
from prometheus_client import REGISTRY
from pydantic import SecretStr
from structlog.testing import capture_logs

from checkin_worker.access import CONSENT_VERSION
from local.engines import Engines
from local.ports import LOOPBACK, free_port
from local.postgres import USER
from local.replica import Replica
from shared import replica as one_replica
from shared import replica_lag, replicas
from shared.database import COMMAND_TIMEOUT, PrimaryPool, replica_pools
from shared.errors import DatabaseUnavailable
from shared.replica_lag import ReplicaLag
from shared.replicas import Reader
from shared.settings import DatabaseSettings
from shared.texts import texts_in
from tests.integration.broker_side import until
from tests.integration.database_side import as_login
from tests.integration.desk_side import DeskSide, desk_side, worker_settings
from tests.integration.replica_side import (
    RECEIVES,
    ask,
    follower,
    frozen,
    own_primary,
    promote,
    reads,
    replay_paused,
    twin,
)

if TYPE_CHECKING:
    from shared.database import Connection

LAST = "SELECT max(n) FROM marks"
COUNT = "SELECT count(*) FROM marks"

Open = Callable[..., AbstractAsyncContextManager[Reader]]


@pytest.fixture(scope="module")
async def replica(engines: Engines, run: Path) -> AsyncIterator[Replica]:
    """A replica of the session's PostgreSQL."""
    async with follower(engines.postgres, run) as started:
        yield started


@pytest.fixture
async def primary(database_url: str) -> AsyncIterator["Connection"]:
    """A connection to the primary, where there is a table to write to."""
    settings = DatabaseSettings.model_validate({"database_url": database_url, "db_pool_min": 0})
    async with contextlib.aclosing(PrimaryPool(settings)) as pool, pool.connection() as connection:
        await connection.execute("CREATE TABLE marks (n int)")
        yield connection


@pytest.fixture
async def url(replica: Replica, database_url: str) -> str:
    """The test's database on the replica."""
    return await twin(replica, database_url)


def reader_of(*urls: str, connections: int = 2) -> AbstractAsyncContextManager[Reader]:
    """A reader of these replicas, at most so many connections to each."""
    fields = {"database_url": "postgresql://not-asked/x", "database_replica_urls": ",".join(urls)}
    sizes = {"db_pool_min": 0, "db_pool_max": connections}
    return contextlib.aclosing(Reader(replica_pools(DatabaseSettings.model_validate(fields | sizes))))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes no read late."""
    monkeypatch.setattr(replicas, "WAIT", 20.0)


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that failed is asked again at once."""
    monkeypatch.setattr(one_replica, "REST", 0.0)


async def write(primary: "Connection", n: int) -> None:
    await primary.execute("INSERT INTO marks VALUES ($1)", n)


async def is_so(server: Replica, condition: str) -> bool:
    return bool(await ask(server.url, f"SELECT {condition}"))


async def has_marks(server: Replica) -> None:
    """Return when it has the table, which it may receive after it has begun to."""
    await until(lambda: is_so(server, "to_regclass('marks') IS NOT NULL"))


async def by_whom(reader: Reader, primary: "Connection", last: int | None = None) -> str:
    """Who serves a read, which must show this mark as the last."""
    async with reader.connection(primary) as lent:
        if last is not None:
            assert await lent.fetchval(LAST) == last
        return "primary" if lent is primary else "replica"


async def returns(reader: Reader, primary: "Connection", last: int | None = None) -> None:
    """Wait until a replica serves; every read before must show this mark as the last, whoever serves it."""

    async def it_serves() -> bool:
        return await by_whom(reader, primary, last) == "replica"

    await until(it_serves)


# What is read.


@pytest.mark.usefixtures("patient")
async def test_what_was_just_committed_is_read_from_the_replica(primary: "Connection", url: str) -> None:
    before = reads("replica"), reads("primary")
    async with reader_of(url) as reader:
        for n in range(200):
            await write(primary, n)
            assert await by_whom(reader, primary, last=n) == "replica"
    assert (reads("replica"), reads("primary")) == (before[0] + 200, before[1])


@pytest.mark.usefixtures("patient")
async def test_what_others_committed_before_is_read_by_all_who_read_at_once(
    primary: "Connection", url: str, database_url: str
) -> None:
    settings = DatabaseSettings.model_validate({"database_url": database_url, "db_pool_min": 0, "db_pool_max": 8})

    async def writes_and_reads(pool: PrimaryPool, reader: Reader, person: int) -> set[str]:
        served = set()
        async with pool.connection() as own:
            for n in range(25):
                await own.execute("INSERT INTO marks VALUES ($1)", person * 1000 + n)
                async with reader.connection(own) as lent:
                    mine = "SELECT count(*) FROM marks WHERE n / 1000 = $1"
                    assert await lent.fetchval(mine, person) == n + 1
                    served.add("primary" if lent is own else "replica")
        return served

    async with (
        contextlib.aclosing(PrimaryPool(settings)) as pool,
        reader_of(url, connections=8) as reader,
    ):
        served = await asyncio.gather(*(writes_and_reads(pool, reader, person) for person in range(1, 9)))
    assert served == [{"replica"}] * 8
    assert await primary.fetchval("SELECT count(*) FROM marks") == 8 * 25


@pytest.mark.usefixtures("restless")
async def test_while_replay_is_paused_the_primary_serves_and_afterwards_the_replica_again(
    primary: "Connection", url: str
) -> None:
    async with reader_of(url) as reader:
        await returns(reader, primary)
        async with replay_paused(url):
            for n in range(3):
                await write(primary, n)
                assert await by_whom(reader, primary, last=n) == "primary"
        await returns(reader, primary, last=2)


async def test_a_replica_that_lags_is_asked_again_only_after_a_rest_and_it_is_said_once(
    primary: "Connection", replica: Replica, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "WAIT", 2.0)  # a busy machine answers within it, too
    monkeypatch.setattr(one_replica, "REST", 1000.0)
    with capture_logs() as logs:
        async with reader_of(url) as reader:
            async with replay_paused(url):
                await write(primary, 1)
                assert await by_whom(reader, primary, last=1) == "primary"
            assert [await by_whom(reader, primary, last=1) for _ in range(3)] == ["primary"] * 3
    (line,) = logs
    assert line["event"] == "replica_away"
    assert line["replica"] == url.rpartition("@")[2]
    assert "lags" in line["reason"]
    assert replica.password not in str(line)


@pytest.mark.usefixtures("patient")
async def test_a_read_does_not_wait_for_what_its_own_open_transaction_wrote(primary: "Connection", url: str) -> None:
    walwriter = await primary.fetchval("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    async with reader_of(url) as reader:
        await write(primary, 1)
        with frozen(walwriter):  # who alone would send on what nobody has committed
            async with primary.transaction():
                await write(primary, 2)
                assert await by_whom(reader, primary, last=1) == "replica"
        assert await by_whom(reader, primary, last=2) == "replica"


async def test_where_commits_do_not_wait_for_the_disk_a_read_still_sees_them(primary: "Connection", url: str) -> None:
    walwriter = await primary.fetchval("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    async with reader_of(url) as reader:
        await write(primary, 1)
        await returns(reader, primary)
        await primary.execute("SET synchronous_commit = off")
        with frozen(walwriter):
            await write(primary, 2)
            await by_whom(reader, primary, last=2)


# Who serves.


async def test_without_replicas_the_primarys_own_connection_serves(primary: "Connection") -> None:
    before = reads("primary")
    async with reader_of() as reader, reader.connection(primary) as lent:
        assert lent is primary
    assert reads("primary") == before + 1


@pytest.mark.usefixtures("patient")
async def test_replicas_take_turns(primary: "Connection", url: str) -> None:
    served = []
    async with reader_of(f"{url}?application_name=one", f"{url}?application_name=two") as reader:
        for _ in range(4):
            async with reader.connection(primary) as lent:
                served.append(await lent.fetchval("SELECT current_setting('application_name')"))
    assert sorted(served[:2]) == ["one", "two"]
    assert served[2:] == served[:2]


@pytest.mark.usefixtures("patient")
async def test_a_replica_that_is_not_there_leaves_its_turns_to_the_others(primary: "Connection", url: str) -> None:
    nobody = f"postgresql://u:secret@{LOOPBACK}:{free_port()}/x"
    with capture_logs() as logs:
        async with reader_of(nobody, url) as reader:
            assert [await by_whom(reader, primary) for _ in range(4)] == ["replica"] * 4
    assert [line["event"] for line in logs] == ["replica_away"]
    assert "secret" not in str(logs)


@pytest.mark.usefixtures("patient")
async def test_a_replica_that_is_the_primary_itself_serves_at_once(primary: "Connection", database_url: str) -> None:
    async with reader_of(database_url) as reader:
        await write(primary, 1)
        assert await by_whom(reader, primary, last=1) == "replica"


async def test_a_primary_that_was_demoted_is_asked_for_no_position(url: str) -> None:
    demoted = DatabaseSettings.model_validate({"database_url": url, "db_pool_min": 0})
    async with (
        contextlib.aclosing(PrimaryPool(demoted)) as pool,
        reader_of(url) as reader,
        pool.connection() as connection,
    ):
        assert await by_whom(reader, connection) == "primary"


@pytest.fixture
async def second(engines: Engines, run: Path) -> AsyncIterator[Replica]:
    """Another replica."""
    async with follower(engines.postgres, run) as started:
        yield started


@pytest.mark.usefixtures("patient", "restless")
async def test_of_two_replicas_each_serves_its_share_and_one_that_is_away_is_left_and_taken_up_again(
    primary: "Connection", replica: Replica, url: str, second: Replica
) -> None:
    async def shares(reader: Reader, reads: int) -> Counter[int]:
        """Who served so many reads, by their ports, each right after a write."""
        served: Counter[int] = Counter()
        for n in range(reads):
            await write(primary, n)
            async with reader.connection(primary) as lent:
                assert await lent.fetchval(COUNT) == await primary.fetchval(COUNT)
                served[await lent.fetchval("SELECT inet_server_port()")] += 1
        return served

    async with reader_of(url, await twin(second, url)) as reader:
        assert await shares(reader, 40) == {replica.port: 20, second.port: 20}
        await second.kill()
        assert await shares(reader, 10) == {replica.port: 10}
        await second.start()
        while second.port not in await shares(reader, 2):
            pass
        assert await shares(reader, 10) == {replica.port: 5, second.port: 5}


async def test_a_server_that_was_promoted_beside_the_primary_serves_no_reads(
    primary: "Connection", engines: Engines, run: Path, database_url: str
) -> None:
    async with follower(engines.postgres, run) as strayed:
        url = await twin(strayed, database_url)
        await promote(strayed)
        await ask(url, "CREATE TABLE its_own AS SELECT generate_series(1, 100000)")  # its log is longer than ours now
        async with reader_of(url) as reader:
            await write(primary, 1)
            assert await by_whom(reader, primary, last=1) == "primary"


async def test_a_replica_that_follows_the_primary_of_before_serves_no_reads(run: Path) -> None:
    async with own_primary(run) as old, follower(old, run) as left_behind, follower(old, run) as new:
        await ask(old.url, "CREATE TABLE marks (n int)")
        await twin(new, old.url)
        await has_marks(new)
        await promote(new)
        await ask(old.url, "CREATE TABLE its_own AS SELECT generate_series(1, 100000)")
        settings = DatabaseSettings.model_validate({"database_url": new.url, "db_pool_min": 0})
        async with contextlib.aclosing(PrimaryPool(settings)) as pool, pool.connection() as primary:
            async with reader_of(left_behind.url) as reader:
                await write(primary, 1)
                assert await by_whom(reader, primary, last=1) == "primary"
            async with reader_of(new.url) as reader:  # which the list of replicas may still name
                assert await by_whom(reader, primary, last=1) == "replica"


@pytest.mark.parametrize("login", [USER, "plain"], ids=["may_see_whom_it_follows", "may_see_nothing"])
async def test_a_replica_whose_primary_is_gone_serves_no_reads_of_the_new_one(run: Path, login: str) -> None:
    async with own_primary(run) as old, follower(old, run) as left_behind, follower(old, run) as new:
        await ask(
            old.url, f"CREATE ROLE plain LOGIN PASSWORD '{old.password}'", "CREATE TABLE marks (n int)", "SELECT 1"
        )
        await twin(new, old.url)
        await has_marks(new)
        await promote(new)
        await ask(old.url, "CREATE TABLE its_own AS SELECT generate_series(1, 100000)", "SELECT 1")
        far = await ask(old.url, "SELECT pg_current_wal_insert_lsn()::text")
        await until(lambda: is_so(left_behind, f"pg_last_wal_replay_lsn() >= '{far}'"))
        await old.kill()
        await until(lambda: is_so(left_behind, f"NOT ({RECEIVES})"))
        settings = DatabaseSettings.model_validate({"database_url": new.url, "db_pool_min": 0})
        async with (
            contextlib.aclosing(PrimaryPool(settings)) as pool,
            pool.connection() as primary,
            reader_of(as_login(left_behind.url, login)) as reader,
        ):
            await write(primary, 1)
            with capture_logs() as logs:
                assert await by_whom(reader, primary, last=1) == "primary"
        assert "receives no log of the primary" in logs[0]["reason"]


@pytest.mark.usefixtures("restless")
async def test_a_replica_that_was_turned_to_the_new_primary_serves_again(run: Path) -> None:
    async with own_primary(run) as old, follower(old, run) as turned, follower(old, run) as new:
        await ask(old.url, "CREATE TABLE marks (n int)", "SELECT 1")
        await twin(new, old.url)
        await has_marks(new)
        await old.kill()
        await promote(new)
        leader = f"host={LOOPBACK} port={new.port} user={USER} password={new.password}"
        await ask(turned.url, f"ALTER SYSTEM SET primary_conninfo = '{leader}'", "SELECT pg_reload_conf()")
        settings = DatabaseSettings.model_validate({"database_url": new.url, "db_pool_min": 0})
        async with (
            contextlib.aclosing(PrimaryPool(settings)) as pool,
            pool.connection() as primary,
            reader_of(turned.url) as reader,
        ):
            await write(primary, 1)
            await returns(reader, primary, last=1)


async def test_a_role_that_may_see_nothing_of_the_servers_reads_from_replicas_all_the_same(
    database_url: str, url: str
) -> None:
    await ask(database_url, "CREATE ROLE plain LOGIN PASSWORD 'plain'", "SELECT 1")
    plain, twins = (re.sub("//.*@", "//plain:plain@", each) for each in (database_url, url))
    settings = DatabaseSettings.model_validate({"database_url": plain, "db_pool_min": 0})
    async with (
        contextlib.aclosing(PrimaryPool(settings)) as pool,
        pool.connection() as connection,
        reader_of(twins) as reader,
    ):
        await returns(reader, connection)
    await ask(database_url, "DROP ROLE plain", "SELECT 1")


# What goes wrong.


@pytest.mark.parametrize("known", [True, False], ids=["met", "never_met"])
async def test_a_frozen_replica_costs_one_read_its_bound_and_the_next_ones_nothing(
    primary: "Connection", replica: Replica, url: str, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    await write(primary, 1)
    async with reader_of(url) as reader:
        if known:
            await returns(reader, primary)
        with frozen(replica.child.pid), capture_logs() as logs:
            began = time.monotonic()
            assert await by_whom(reader, primary, last=1) == "primary"
            assert replicas.WAIT <= time.monotonic() - began < COMMAND_TIMEOUT / 2
            assert [line["event"] for line in logs] == ["replica_away"]
            monkeypatch.setattr(replicas, "WAIT", 60.0)
            async with asyncio.timeout(COMMAND_TIMEOUT / 2):
                assert [await by_whom(reader, primary, last=1) for _ in range(20)] == ["primary"] * 20


@pytest.mark.usefixtures("restless")
async def test_a_replica_that_hangs_is_not_sent_a_second_question_and_serves_again_when_it_thaws(
    primary: "Connection", replica: Replica, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reader_of(url, connections=1) as reader:
        await returns(reader, primary)
        with frozen(replica.child.pid):
            assert await by_whom(reader, primary) == "primary"
            monkeypatch.setattr(replicas, "WAIT", 60.0)
            async with asyncio.timeout(COMMAND_TIMEOUT / 2):
                assert await by_whom(reader, primary) == "primary"
        monkeypatch.undo()
        monkeypatch.setattr(one_replica, "REST", 0.0)
        await returns(reader, primary)


async def test_after_its_rest_one_read_tries_a_replica_and_the_others_do_not_wait_for_it(
    primary: "Connection", url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DatabaseSettings.model_validate({"database_url": database_url, "db_pool_min": 0, "db_pool_max": 4})
    async with contextlib.aclosing(PrimaryPool(settings)) as pool, reader_of(url, connections=4) as reader:

        async def read() -> str:
            async with pool.connection() as own:
                return await by_whom(reader, own, last=1)

        async with replay_paused(url):
            await write(primary, 1)
            monkeypatch.setattr(one_replica, "REST", 0.0)
            assert await read() == "primary"
            monkeypatch.setattr(replicas, "WAIT", 20.0)
            monkeypatch.setattr(one_replica, "REST", 1000.0)
            tasks = [asyncio.create_task(read()) for _ in range(4)]
            others = [await early for early in itertools.islice(asyncio.as_completed(tasks), 3)]
        assert others == ["primary"] * 3
        assert sorted(await asyncio.gather(*tasks)) == ["primary"] * 3 + ["replica"]
        assert await read() == "replica"


@pytest.mark.usefixtures("restless")
async def test_a_killed_replica_is_replaced_by_the_primary_until_it_is_back(
    primary: "Connection", replica: Replica, url: str
) -> None:
    async with reader_of(url) as reader:
        await returns(reader, primary)
        with capture_logs() as logs:
            await replica.kill()
            for n in range(3):
                await write(primary, n)
                assert await by_whom(reader, primary, last=n) == "primary"
            await replica.start()
            await returns(reader, primary)
        assert [line["event"] for line in logs] == ["replica_away", "replica_back"]


@pytest.mark.usefixtures("patient")
async def test_a_replica_that_dies_within_a_read_makes_it_unavailable_and_the_next_try_is_the_primarys(
    primary: "Connection", replica: Replica, url: str
) -> None:
    await write(primary, 1)
    async with reader_of(url) as reader:
        await returns(reader, primary)

        async def interrupted() -> None:
            async with reader.connection(primary) as lent:
                await replica.kill()
                await lent.fetchval(LAST)

        with pytest.raises(DatabaseUnavailable, match="replica"):
            await interrupted()
        assert await by_whom(reader, primary, last=1) == "primary"
        await replica.start()


@pytest.mark.usefixtures("patient")
async def test_a_query_that_replay_cancels_is_no_messages_fault_and_the_next_try_is_the_primarys(
    primary: "Connection", url: str
) -> None:
    for n in range(100):
        await write(primary, n)
    operator = await asyncpg.connect(url)
    await operator.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    await operator.execute("SELECT pg_reload_conf()")
    async with reader_of(url) as reader:
        await returns(reader, primary)

        async def read_at_length() -> None:
            async with reader.connection(primary) as lent:
                assert lent is not primary
                await lent.fetch("SELECT n, pg_sleep(0.1) FROM marks")

        reading = asyncio.create_task(read_at_length())

        async def it_reads() -> bool:
            busy = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            return bool(await operator.fetchval(busy))

        await until(it_reads)
        await primary.execute("DELETE FROM marks WHERE n < 99")
        await primary.execute("VACUUM marks")
        with pytest.raises(DatabaseUnavailable, match="conflict with recovery"):
            await reading
        assert await by_whom(reader, primary, last=99) == "primary"
    await operator.execute("ALTER SYSTEM RESET max_standby_streaming_delay")
    await operator.execute("SELECT pg_reload_conf()")
    await operator.close()


@pytest.mark.usefixtures("patient")
async def test_what_is_wrong_with_a_query_is_not_taken_for_a_replica_that_is_away(
    primary: "Connection", url: str
) -> None:
    async with reader_of(url) as reader:
        await returns(reader, primary)
        with capture_logs() as logs, pytest.raises(asyncpg.PostgresSyntaxError):
            async with reader.connection(primary) as lent:
                await lent.fetchval("SELEKT")
    assert logs == []


@pytest.mark.usefixtures("patient")
async def test_a_reader_who_gives_up_while_waiting_leaks_no_connection(primary: "Connection", url: str) -> None:
    async with reader_of(url, connections=1) as reader:
        await returns(reader, primary)
        async with replay_paused(url):
            await write(primary, 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await by_whom(reader, primary)
        await returns(reader, primary)


async def test_closing_does_not_wait_for_a_frozen_replica(primary: "Connection", replica: Replica, url: str) -> None:
    reader = await reader_of(url).__aenter__()
    await returns(reader, primary)
    with frozen(replica.child.pid):
        assert await by_whom(reader, primary) == "primary"
        began = time.monotonic()
        await reader.aclose()
        assert time.monotonic() - began < COMMAND_TIMEOUT


# Through a worker.


@contextlib.asynccontextmanager
async def reading_worker(database_url: str, url: str, queues: AbstractConnection) -> AsyncIterator[DeskSide]:
    """A worker that reads from the replica."""
    replica = SecretStr(as_login(url, "replica_reader"))
    settings = worker_settings(database_url, consent="required", database_replica_urls=replica)
    async with desk_side(settings, queues) as worker:
        yield worker


async def agree_and_ask(worker: DeskSide, person: int) -> None:
    """Give the consent, ask at once what is kept, and be told of that consent."""
    await worker.text("/start", person=person)
    await worker.press(f"consent:{CONSENT_VERSION}:", person=person)
    (said,) = await worker.text("/privacy", person=person)
    assert said.params["text"].endswith(texts_in("az").say("consent-given", date=worker.now.date(), time="09:58"))


@pytest.mark.usefixtures("patient")
async def test_a_command_right_after_a_write_shows_it_and_is_served_by_the_replica(
    database_url: str, url: str, queues: AbstractConnection
) -> None:
    before = reads("replica"), reads("primary")
    async with reading_worker(database_url, url, queues) as worker:
        for person in range(1001, 1021):
            await agree_and_ask(worker, person)
    assert (reads("replica"), reads("primary")) == (before[0] + 20, before[1])


async def test_a_command_right_after_a_write_shows_it_while_the_replica_lags_is_frozen_or_dead(
    database_url: str, url: str, replica: Replica, queues: AbstractConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_replica, "REST", 0.0)
    before = reads("primary")
    async with reading_worker(database_url, url, queues) as worker:
        async with replay_paused(url):
            await agree_and_ask(worker, 1001)
        with frozen(replica.child.pid):
            async with asyncio.timeout(COMMAND_TIMEOUT):
                await agree_and_ask(worker, 1002)
        await replica.kill()
        await agree_and_ask(worker, 1003)
        await replica.start()
    assert reads("primary") == before + 3


@contextlib.asynccontextmanager
async def replay_delayed(url: str) -> AsyncIterator[None]:
    """Let the replica show each commit ten seconds late."""
    await ask(url, "ALTER SYSTEM SET recovery_min_apply_delay = '10s'", "SELECT pg_reload_conf()")
    yield
    await ask(url, "ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()")


@contextlib.asynccontextmanager
async def healthy(_url: str) -> AsyncIterator[None]:
    yield


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("rounds", "state"),
    [(400, healthy), (300, replay_delayed), (300, replay_paused)],
    ids=["healthy", "late", "paused"],
)
async def test_of_a_thousand_people_who_check_in_and_look_at_once_everybody_sees_it(  # noqa: PLR0913, PLR0917 - fixtures
    rounds: int,
    state: Callable[[str], AbstractAsyncContextManager[None]],
    url: str,
    database_url: str,
    queues: AbstractConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_replica, "REST", 1.0)  # so that a replica that lags is asked again and again
    stale = []
    async with desk_side(worker_settings(database_url, database_replica_urls=SecretStr(url)), queues) as worker:
        before = reads("replica")
        async with state(url):
            for person in range(2001, 2001 + rounds):
                await worker.tap(person=person)
                (said,) = await worker.text("/today", person=person)
                if "09:58" not in said.params["text"]:
                    stale.append(person)
    assert stale == []
    if state is healthy:
        assert reads("replica") > before


def lag(server: str) -> float:
    """What the metric says of the replica."""
    return REGISTRY.get_sample_value("fleet_replica_lag_seconds", {"server": server}) or 0.0


async def test_how_far_a_replica_is_behind_is_seen_whether_or_not_anybody_reads(
    primary: "Connection", url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"database_url": database_url, "database_replica_urls": url, "db_pool_min": 0, "db_pool_max": 2}
    settings = DatabaseSettings.model_validate(fields)
    [pool] = replica_pools(settings)
    async with contextlib.aclosing(PrimaryPool(settings)) as own, contextlib.aclosing(pool):
        looks = ReplicaLag(own, [pool])
        monkeypatch.setattr(replica_lag, "WAIT", 20.0)
        await write(primary, 1)
        await looks.look()
        whole = lag(pool.server)
        monkeypatch.setattr(replica_lag, "WAIT", 0.2)
        async with replay_paused(url):
            await write(primary, 2)
            await looks.look()
            behind = lag(pool.server)
            await looks.look()
            further = lag(pool.server)
        assert 0.2 - one_replica.PAUSES[-1] <= behind < further  # it gives up when another pause would be too long
        monkeypatch.setattr(replica_lag, "WAIT", 20.0)
        await looks.look()
        assert max(whole, lag(pool.server)) < 20.0
