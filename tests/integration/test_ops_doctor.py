"""`fleet doctor`: each fault is made for real, found, and told with what mends it; a healthy fleet is status 0."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import asyncpg
import pytest

from local.command import FLEET
from local.engines import Engines
from local.folders import LOGS
from local.ports import LOOPBACK
from ops.doctor.checks import CHECKS
from ops.doctor.findings import State
from ops.doctor.replicas import replicas
from ops.doctor.surroundings import Surroundings
from shared.settings import DatabaseSettings
from shared.topology import BULK, DEAD_QUEUES, UPDATES, declare
from shared.webhook import MAX_CONNECTIONS
from simulator.server import Simulator, SimulatorConfig
from tests.integration import company as whole
from tests.integration.broker_side import put, until
from tests.integration.database_side import as_login
from tests.integration.doctor_side import SECRETS, Patient, nowhere, out_of_memory
from tests.integration.ops_side import connection, fleet, operator
from tests.integration.proxy import Proxy
from tests.integration.replica_side import ask, follower, own_primary, promote, replay_paused, twin

URL = "http://127.0.0.1:8080/webhook"
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig(token=SECRETS["TELEGRAM_BOT_TOKEN"])) as simulator:
        yield simulator


@pytest.fixture
async def patient(
    engines: Engines, database_url: str, rabbitmq_url: str, redis_url: str, telegram: Simulator
) -> Patient:
    """Engines with everything that is needed, and nobody who works."""
    environment = {
        **SECRETS,
        "DATABASE_URL": database_url,
        "RABBITMQ_URL": rabbitmq_url,
        "RABBITMQ_MANAGEMENT_URL": engines.rabbitmq.management_url,
        "REDIS_URL": redis_url,
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_WEBHOOK_URL": URL,
        "TELEGRAM_BOT_USERNAME": telegram.config.bot_username,
        "DB_POOL_MAX": "10",
    }
    assert (await fleet(database_url, "webhook", "apply", **environment)).status == 0
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await declare(connection)
    return Patient(environment, ["consumers"])


async def test_a_healthy_fleet_is_status_0_and_every_check_was_made(
    engines: Engines, database_url: str, rabbitmq_url: str, redis_url: str, run: Path
) -> None:
    rooms = whole.Engines(database_url, rabbitmq_url, redis_url, run / LOGS)
    counts = {"ingress": 1, "checkin_worker": 2, "geo_worker": 2, "sender": 2}
    async with whole.company(rooms, employees=1, counts=counts) as office:
        assert office.telegram.webhook is not None
        healthy = Patient(
            {
                "DATABASE_URL": database_url,
                "RABBITMQ_URL": rabbitmq_url,
                "RABBITMQ_MANAGEMENT_URL": engines.rabbitmq.management_url,
                "REDIS_URL": redis_url,
                "TELEGRAM_API_URL": office.telegram.url,
                "TELEGRAM_BOT_TOKEN": office.telegram.token,
                "TELEGRAM_BOT_USERNAME": office.telegram.config.bot_username,
                "TELEGRAM_WEBHOOK_SECRET": whole.SECRET,
                "TELEGRAM_WEBHOOK_URL": office.telegram.webhook.url,
                "DB_POOL_MAX": "8",
            }
        )
        seen = await healthy.seen()
        assert seen.worst() == {}
        assert seen.status == 0
        assert list(seen.found) == list(CHECKS)
        assert [one for all_ in seen.found.values() for one in all_ if one.state is not State.OK] == []
        assert seen.found["pool"][0].what.startswith("2 workers x (8 + 2) + 2 geo workers x 8 + 5 for operators = 41 ")
        await office.fleet.stop("sender-1")
        await office.fleet.stop("sender-2")
        seen = await healthy.seen()
        assert seen.status == 1
        assert list(seen.worst()) == ["consumers"]
        assert seen.one("consumers", State.WRONG).what == "no sender is there"


async def test_engines_that_are_away_are_said_to_be_and_the_other_checks_are_made(patient: Patient) -> None:
    ways = {"DATABASE_URL": "postgresql", "RABBITMQ_URL": "rabbitmq", "REDIS_URL": "redis"}
    for variable, check in ways.items():
        seen = await patient.seen(
            "--workers", 1, "--geo-workers", 1, **{variable: nowhere(patient.environment[variable])}
        )
        assert seen.status == 1
        assert list(seen.worst()) == [check]
        assert "does not answer" in seen.one(check, State.WRONG).what
        assert variable in seen.one(check, State.WRONG).mend
    seen = await patient.seen(TELEGRAM_API_URL="http://127.0.0.1:1")
    assert list(seen.worst()) == ["telegram"]
    assert seen.one("webhook", State.UNCHECKED).what.startswith("the Bot API does not answer")


async def test_engines_that_are_frozen_keep_nobody_waiting_for_ever(engines: Engines, patient: Patient) -> None:
    ports = {
        "DATABASE_URL": engines.postgres.port,
        "RABBITMQ_URL": engines.rabbitmq.port,
        "REDIS_URL": engines.redis.port,
    }
    for variable, port in ports.items():
        async with Proxy(port) as proxy:
            proxy.freeze()
            seen = await patient.seen(**{variable: proxy.before(patient.environment[variable])})
            assert seen.status == 1


async def test_of_several_hosts_a_frozen_one_that_stands_first_is_left_and_the_poolers_parameter_is_not_sent(
    engines: Engines, patient: Patient
) -> None:
    async with Proxy(engines.postgres.port) as proxy:
        proxy.freeze()
        right = f"{LOOPBACK}:{engines.postgres.port}"
        url = patient.environment["DATABASE_URL"].replace(right, f"{LOOPBACK}:{proxy.port},{right}")
        seen = await patient.seen(DATABASE_URL=f"{url}?statement_cache_size=0")
        assert (seen.status, seen.worst()) == (0, {})
        assert seen.found["postgresql"][0].what.endswith(" answers")


async def test_bad_settings_are_status_2_all_at_once_and_no_secret_is_told(patient: Patient) -> None:
    bad = {"DB_POOL_MIN": "20", "TIMEZONE": "Mars/Base", "TELEGRAM_WEBHOOK_SECRET": "hunter2 secret"}
    seen = await patient.seen(**bad)
    assert seen.status == 2
    told = [one.what.partition(":")[0] for one in seen.worst()["settings"]]
    assert sorted(told) == ["DB_POOL_MAX", "TELEGRAM_WEBHOOK_SECRET", "TIMEZONE"]
    assert "hunter2" not in str(seen)
    seen = await patient.seen(TELEGRAM_WEBHOOK_SECRET="")
    assert seen.status == 0, "it may be set where the ingress runs"
    assert seen.one("settings", State.UNCHECKED).what.startswith("TELEGRAM_WEBHOOK_SECRET: missing")


async def test_no_secret_is_told_whatever_fails(engines: Engines, patient: Patient) -> None:
    wrong = {
        "DATABASE_URL": patient.environment["DATABASE_URL"].replace(engines.postgres.password, "hunter2%21db"),
        "RABBITMQ_URL": patient.environment["RABBITMQ_URL"].replace(engines.rabbitmq.password, "hunter2mq"),
        "REDIS_URL": patient.environment["REDIS_URL"].replace(engines.redis.password, "hunter2redis"),
        "TELEGRAM_BOT_TOKEN": "42:hunter2-other",
    }
    seen = await patient.seen(**wrong)
    assert list(seen.worst()) == ["postgresql", "rabbitmq", "redis", "telegram"]
    assert seen.one("telegram", State.WRONG).what == "Telegram refuses the token: Unauthorized"
    assert "hunter2" not in str(seen)


async def test_a_database_without_a_schema_and_one_of_a_newer_release(engines: Engines, patient: Patient) -> None:
    url = await engines.postgres.create_database("doctor_empty")
    seen = await patient.seen(DATABASE_URL=url)
    assert seen.one("schema", State.WRONG).mend == "fleet migrate"
    assert list(seen.worst()) == ["schema"]
    await engines.postgres.drop_database("doctor_empty")
    async with connection(patient.environment["DATABASE_URL"]) as db:
        await db.execute("UPDATE alembic_version SET version_num = '9999'")
    seen = await patient.seen()
    assert seen.status == 0
    assert "a newer one made it" in seen.one("schema", State.WARNING).what


async def test_an_index_whose_building_failed_is_found_and_the_command_mends_it(patient: Patient) -> None:
    async with connection(patient.environment["DATABASE_URL"]) as db:
        await db.execute("INSERT INTO holidays VALUES ('2026-01-01', true, 'x'), ('2026-01-02', true, 'x')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await db.execute("CREATE UNIQUE INDEX CONCURRENTLY idx_of_the_test ON holidays (name)")
        seen = await patient.seen()
        found = seen.one("schema", State.WRONG)
        assert "idx_of_the_test is invalid" in found.what
        await db.execute("DELETE FROM holidays WHERE day = '2026-01-02'")
        await db.execute(found.mend.split('"')[3])
        assert "schema" not in (await patient.seen()).worst()


async def test_rights_that_are_too_much_or_lack_are_found_and_the_command_mends_them(patient: Patient) -> None:
    url = patient.environment["DATABASE_URL"]
    async with connection(url) as owner:
        await owner.execute("GRANT TRUNCATE ON sessions TO fleet_worker")
    seen = await patient.seen()
    assert seen.status == 1
    found = seen.one("roles", State.WRONG)
    assert "REVOKE TRUNCATE ON TABLE sessions FROM fleet_worker" in found.what
    assert (await fleet(url, *found.mend.split()[1:])).status == 0
    assert (await patient.seen()).status == 0


async def test_the_owners_login_is_warned_of(patient: Patient) -> None:
    told = json.loads(await operator(patient.environment, "doctor", "--json", "--skip", "consumers"))
    assert told["status"] == 0
    (found,) = [one for one in told["findings"] if one["check"] == "roles" and one["state"] == State.WARNING]
    assert "login fleet may drop every table" in found["what"]


async def test_a_zone_that_nobody_knows_is_found(patient: Patient) -> None:
    async with connection(patient.environment["DATABASE_URL"]) as db:
        await db.execute(
            "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES ('Baza', 1, 1, 50, 'Mars/Base')"
        )
    assert "Mars/Base" in (await patient.seen()).one("time zones", State.WRONG).what


async def test_a_pool_that_is_too_large_is_found_with_the_size_that_fits(patient: Patient) -> None:
    ten = ("--workers", 10, "--geo-workers", 1)
    seen = await patient.seen(*ten, DB_POOL_MAX="100")
    assert seen.status == 1
    found = seen.one("pool", State.WRONG)
    assert "= 1,125 connections at most; the primary has 297" in found.what
    fitting = found.mend.partition(",")[0].removeprefix("DB_POOL_MAX=")
    assert "pool" not in (await patient.seen(*ten, DB_POOL_MAX=fitting)).worst()
    assert "pool" in (await patient.seen(*ten, DB_POOL_MAX=str(int(fitting) + 1))).worst()


async def test_who_is_connected_is_told_by_login_and_application(patient: Patient) -> None:
    url = patient.environment["DATABASE_URL"]
    named = await asyncpg.connect(url, server_settings={"application_name": "somebody"})
    try:
        seen = await patient.seen("--workers", 1, "--geo-workers", 0)
        assert "fleet somebody 1" in seen.found["pool"][1].what
        assert "doctor" not in seen.found["pool"][1].what
    finally:
        await named.close()


async def test_a_pool_of_nobody_knows_how_many_is_not_checked(patient: Patient) -> None:
    assert "--workers" in (await patient.seen()).one("pool", State.UNCHECKED).what


async def test_a_missing_queue_and_one_with_other_arguments_are_found(patient: Patient) -> None:
    url = patient.environment["RABBITMQ_URL"]
    async with await aio_pika.connect(url) as opened, opened.channel() as channel:
        await channel.queue_delete(UPDATES.name)
        await channel.queue_delete(BULK.name)
        await channel.declare_queue(
            BULK.name, durable=True, arguments={"x-queue-type": "quorum", "x-max-length": 5, "x-delivery-limit": 1000}
        )
        seen = await patient.seen()
        assert seen.status == 1
        assert list(seen.worst()) == ["queues"]
        other, missing = seen.worst()["queues"]
        assert missing.what == "missing: updates"
        assert other.what.startswith("outbound.bulk was made with other arguments: its x-")
        assert other.mend.startswith("rabbitmqctl delete_queue outbound.bulk ")
        await channel.queue_delete(BULK.name)
        await declare(opened)
    assert (await patient.seen()).status == 0


async def test_a_user_who_may_make_no_queue_is_found(engines: Engines, patient: Patient) -> None:
    url = patient.environment["RABBITMQ_URL"]
    vhost = url.rpartition("/")[2]
    call = engines.rabbitmq._call  # noqa: SLF001 - as an operator's tool does
    await call("PUT", "users/guarded", {"password": "hunter2-guarded", "tags": "monitoring"})
    await call("PUT", f"permissions/{vhost}/guarded", {"configure": "", "write": ".*", "read": ".*"})
    login = f"{engines.rabbitmq.user}:{engines.rabbitmq.password}"
    try:
        seen = await patient.seen(RABBITMQ_URL=url.replace(login, "guarded:hunter2-guarded"))
    finally:
        await call("DELETE", "users/guarded")
    assert (seen.status, list(seen.worst())) == (1, ["rabbitmq", "queues"])
    for check in seen.worst():
        found = seen.one(check, State.WRONG)
        assert "ACCESS_REFUSED" in found.what
        assert found.mend == f"rabbitmqctl set_permissions -p {vhost} guarded '.*' '.*' '.*'"


async def test_looking_makes_no_queue(engines: Engines, patient: Patient) -> None:
    url = await engines.rabbitmq.create_vhost("doctor-empty")
    seen = await patient.seen(RABBITMQ_URL=url)
    assert seen.one("queues", State.WRONG).what.startswith("none of the queues is there")
    assert (await patient.seen(RABBITMQ_URL=url)).one("queues", State.WRONG) == seen.one("queues", State.WRONG)
    await engines.rabbitmq.delete_vhost("doctor-empty")


async def test_dead_letters_and_leftovers_are_told(patient: Patient) -> None:
    url = patient.environment["RABBITMQ_URL"]
    async with await aio_pika.connect(url) as opened, opened.channel() as channel:
        await channel.declare_queue("retry.updates.7s", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.declare_queue("somebody.elses", durable=True, arguments={"x-queue-type": "quorum"})
    await put(url, DEAD_QUEUES[0], b"?")
    seen = await patient.seen()
    assert seen.status == 0
    assert seen.one("dead letters", State.WARNING).what == f"{DEAD_QUEUES[0]} holds 1 that nobody could handle"
    assert "retry.updates.7s" in seen.one("leftovers", State.WARNING).what


async def test_a_policy_that_overrides_our_bounds_is_found(engines: Engines, patient: Patient) -> None:
    vhost = patient.environment["RABBITMQ_URL"].rpartition("/")[2]
    loss = {"pattern": "^outbound", "definition": {"message-ttl": 1000}, "apply-to": "queues", "priority": 1}
    await engines.rabbitmq._call("PUT", f"policies/{vhost}/too-short", loss)  # noqa: SLF001 - as an operator's tool does
    seen = await patient.seen()
    assert seen.status == 1
    assert list(seen.worst()) == ["policies"]
    found = seen.one("policies", State.WRONG)
    assert (
        found.what
        == "the policy too-short sets message-ttl 1000 on outbound.interactive, outbound.enrichment and 2 more"
    )
    assert found.mend.startswith("rabbitmqctl clear_policy too-short")
    await engines.rabbitmq._call("DELETE", f"policies/{vhost}/too-short")  # noqa: SLF001 - likewise
    assert (await patient.seen()).status == 0


async def test_a_broker_under_an_alarm_is_found_with_and_without_the_management_api(
    engines: Engines, patient: Patient
) -> None:
    async def the_api_says_so() -> bool:  # its figures of nodes are some seconds old
        return "memory short" in str((await patient.seen()).worst().get("nodes"))

    async def all_is_well() -> bool:
        return (await patient.seen()).status == 0

    async with out_of_memory(engines.rabbitmq):
        seen = await patient.seen(RABBITMQ_MANAGEMENT_URL="http://127.0.0.1:1")
        assert seen.status == 1
        assert list(seen.worst()) == ["rabbitmq"]
        assert "publishers are blocked" in seen.one("rabbitmq", State.WRONG).what
        await until(the_api_says_so, 60)
    await until(all_is_well, 60)


async def test_a_clock_that_is_wrong_is_found_by_everybody_elses(patient: Patient) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(FLEET), "doctor", "--json", "--skip", "consumers"),
        env={
            **patient.environment,
            "PATH": os.environ["PATH"],
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME": "-10m",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 1
    wrong = [one for one in json.loads(said)["findings"] if one["state"] == State.WRONG]
    assert [one["check"] for one in wrong] == ["postgresql", "nodes", "telegram"]
    assert all(" s ahead of this machine's" in one["what"] for one in wrong)


async def test_without_the_management_api_what_only_it_knows_is_not_checked(patient: Patient) -> None:
    seen = await patient.seen(RABBITMQ_MANAGEMENT_URL="http://127.0.0.1:1")
    assert seen.status == 0
    for check in ("policies", "leftovers", "nodes"):
        assert "RABBITMQ_MANAGEMENT_URL" in seen.one(check, State.UNCHECKED).what


async def test_drift_at_telegram_is_found(patient: Patient, telegram: Simulator) -> None:
    assert telegram.webhook is not None
    seen = await patient.seen(TELEGRAM_WEBHOOK_URL="https://bot.example.com/webhook")
    assert seen.status == 1
    assert seen.one("webhook", State.WRONG).mend == "fleet webhook apply"
    assert URL in seen.one("webhook", State.WRONG).what
    polling = await patient.seen(INGRESS_MODE="polling")
    assert polling.one("webhook", State.WRONG).mend == "fleet webhook delete"
    telegram.updates.allowed = frozenset({"message"})
    seen = await patient.seen()
    assert seen.one("webhook", State.WRONG).what == "Telegram does not deliver callback_query, edited_message"
    assert telegram.webhook.max_connections == MAX_CONNECTIONS


async def test_replicas_are_looked_at_one_by_one(engines: Engines, patient: Patient, run: Path) -> None:
    url = patient.environment["DATABASE_URL"]
    async with follower(engines.postgres, run) as replica:
        there = await twin(replica, url)
        seen = await patient.seen(DATABASE_REPLICA_URLS=there)
        assert seen.worst() == {}
        assert seen.found["replicas"][0].what == "replica 1 has reached what the primary had written"
        seen = await patient.seen(DATABASE_REPLICA_URLS=as_login(there, "replica_reader"))
        assert "GRANT pg_read_all_stats" in seen.one("replicas", State.WARNING).mend
        async with replay_paused(there), connection(url) as db:
            await db.execute("INSERT INTO holidays VALUES ('2026-01-01', true, 'x')")
            seen = await patient.seen(DATABASE_REPLICA_URLS=there)
            assert seen.status == 1
            assert "its replay is paused" in seen.one("replicas", State.WRONG).what
        both = await patient.seen(DATABASE_REPLICA_URLS=f"{nowhere(there)},{as_login(url, 'replica_reader')}")
        assert [one.what.partition(":")[0] for one in both.found["replicas"]] == [
            "replica 1 does not answer",
            "replica 2 is the primary itself",
        ]
        assert [one.state for one in both.found["replicas"]] == [State.WRONG, State.OK]
        async with connection(there) as db:
            await db.execute("SELECT pg_promote()")
        promoted = await patient.seen(DATABASE_REPLICA_URLS=there)
        assert "was promoted" in promoted.one("replicas", State.WRONG).what


async def test_a_replica_that_follows_the_primary_of_before_is_found_however_much_it_has(run: Path) -> None:
    async with own_primary(run) as old, follower(old, run) as new, follower(old, run) as left:
        await promote(new)
        await ask(old.url, "SELECT pg_switch_wal()")  # further than the new one has come
        urls = {"database_url": new.url, "database_replica_urls": left.url}
        (found,) = await replicas(Surroundings({DatabaseSettings: DatabaseSettings.model_validate(urls)}, {}, {}))
        assert found.state is State.WRONG
        assert "receives timeline 1 and the primary writes 2: it follows another" in found.what


async def test_the_words_for_people_fit_80_columns_and_say_what_mends(patient: Patient) -> None:
    environment = patient.environment | {"DATABASE_URL": nowhere(patient.environment["DATABASE_URL"])}
    said = await fleet(environment.pop("DATABASE_URL"), "doctor", **environment)
    assert said.status == 1
    assert all(len(line) <= 80 for line in said.out.splitlines()), said.out
    assert "-> start PostgreSQL, or correct DATABASE_URL" in said.out
    assert said.out.splitlines()[-1].startswith("Something is wrong: ")
    assert said.problems == []


@pytest.mark.parametrize("option", ["--skip", "--only"])
async def test_a_check_that_does_not_exist_is_status_2(option: str) -> None:
    said = await fleet("", "doctor", option, "sleep", **SECRETS)
    assert said.status == 2


async def test_one_check_alone_looks_at_nothing_else(patient: Patient) -> None:
    patient.environment |= {"RABBITMQ_URL": nowhere(patient.environment["RABBITMQ_URL"])}
    few = await patient.seen("--only", "pool", "--workers", 1, "--geo-workers", 1, DB_POOL_MAX="2")
    assert (few.status, {*few.found}) == (0, {"pool"})
    many = await patient.seen("--only", "pool", "--workers", 1000, "--geo-workers", 2)
    assert (many.status, {*many.found}) == (1, {"pool"})
    assert "or a pooler in between" in many.one("pool", State.WRONG).mend
