"""What `fleet doctor` makes of what it sees, and how it tells it."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from ops.doctor import (
    cache,
    checks,
    clocks,
    policies,
    pool,
    postgresql,
    queues,
    rabbitmq,
    replicas,
    rights,
    schema,
    telegram,
    zones,
)
from ops.doctor.checks import CHECKS, Check, Diagnosis, Entry, examine
from ops.doctor.findings import EngineAway, Finding, State, Unknown, ok, unchecked, warning, wrong
from ops.doctor.queues import Depth
from ops.doctor.surroundings import Surroundings, look_around
from ops.doctor.words import WIDTH, as_json, told
from ops.plan.connections import Claim
from ops.roles import Plan
from shared import masking, settings
from shared.contracts import ALLOWED_UPDATES
from shared.settings import BrokerSettings, DatabaseSettings
from shared.topology import DEAD_QUEUES, SENDER_TURN, UPDATES, WORK_QUEUES

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
NOWHERE = Surroundings({}, {}, {})
FOLLOWS = replicas.Follower(
    follows=True,
    same=True,
    paused=False,
    receives=True,
    received=1,
    timelines=(1, 1),
    reached=True,
    bytes=0,
    seconds=0.0,
)
PRIMARY = pool.Server("the primary", most=100, reserved=3, others=0)
INFO: dict[str, Any] = {
    "url": "https://bot.example.com/webhook",
    "pending_update_count": 0,
    "max_connections": 100,
    "allowed_updates": list(ALLOWED_UPDATES),
}
NODE: dict[str, Any] = {"name": "rabbit@one", "running": True, "disk_free": 2**36, "disk_free_limit": 2**30}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (clocks.judge("Telegram", 2.9), State.OK),
        (clocks.judge("Telegram", -4), State.WARNING),
        (clocks.judge("Telegram", 600), State.WRONG),
        (postgresql.judge_version(15, 0), State.OK),
        (postgresql.judge_version(14, 9), State.WRONG),
        (postgresql.judge_writes(follows=False), State.OK),
        (postgresql.judge_writes(follows=True), State.WRONG),
        (rabbitmq.judge_version("3.10.8"), State.OK),
        (rabbitmq.judge_version("4.0.5"), State.OK),
        (rabbitmq.judge_version("3.9.29"), State.WRONG),
        (rabbitmq.judge_version(""), State.WRONG),
        (cache.judge("7.0.15"), State.OK),
        (cache.judge("7.2.4", "9.1.0"), State.OK),
        (cache.judge("6.2.1"), State.WRONG),
        (schema.judge_revision("2", ["2", "1"]), State.OK),
        (schema.judge_revision("1", ["2", "1"]), State.WRONG),
        (schema.judge_revision("3", ["2", "1"]), State.WARNING),
        (schema.judge_revision(None, ["2", "1"]), State.WRONG),
        (schema.judge_index("idx", in_work=True), State.WARNING),
        (schema.judge_index("idx", in_work=False), State.WRONG),
        (rights.judge_roles(Plan([], [])), State.OK),
        (rights.judge_roles(Plan(["fleet_ops"], ["GRANT"])), State.WARNING),
        (rights.judge_roles(Plan([], ["GRANT"])), State.WRONG),
        (rights.judge_login("worker", may_drop=False), State.OK),
        (rights.judge_login("fleet", may_drop=True), State.WARNING),
        (zones.judge(["Asia/Baku"], {"Asia/Baku"}), State.OK),
        (zones.judge([], {"Asia/Baku"}), State.OK),
        (zones.judge(["Mars/Base"], {"Asia/Baku"}), State.WRONG),
        (zones.judge([], set()), State.WRONG),
        (queues.judge_workers([Depth(3, 2), Depth(0, 2), Depth(0, 2)]), State.OK),
        (queues.judge_workers([Depth(3, 1), Depth(0, 1), Depth(0, 1)]), State.WARNING),
        (queues.judge_workers([Depth(3, 2), Depth(0, 0), Depth(0, 2)]), State.WRONG),
        (queues.judge_turn(SENDER_TURN, "sender", 1), State.OK),
        (queues.judge_turn(SENDER_TURN, "sender", 0), State.WRONG),
    ],
)
def test_how_one_thing_is(found: Finding, state: State) -> None:
    assert found.state is state
    assert bool(found.mend) == (state is not State.OK)


def test_a_schema_behind_says_by_how_many() -> None:
    assert schema.judge_revision("1", ["3", "2", "1"]).what == "the schema is at 1, 2 behind this release's 3"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"same": False}, "a copy of another server"),
        ({"follows": False}, "it was promoted"),
        ({"timelines": (2, 1)}, "receives timeline 1 and the primary writes 2: it follows another"),
        ({"reached": False, "timelines": (2, 1)}, "receives timeline 1 and the primary writes 2: it follows another"),
        ({"reached": False, "paused": True, "bytes": 5_000}, "5,000 bytes and 0 s behind: its replay is paused"),
        ({"reached": False, "seconds": 31.0}, "31 s behind, 2 s after it was asked"),
        (
            {"reached": False, "receives": False, "received": None, "timelines": (2, 1)},
            "on timeline 1 and the primary on 2",
        ),
        ({"reached": True, "receives": False, "received": None}, "it is connected to no primary"),
    ],
)
def test_what_is_wrong_with_a_replica(seen: dict[str, Any], said: str) -> None:
    assert replicas.judge("replica 1", FOLLOWS).state is State.OK
    found = replicas.judge("replica 1", replace(FOLLOWS, **seen))
    assert found.state is State.WRONG
    assert said in found.what


def test_a_login_that_cannot_see_whom_a_replica_follows_is_warned_of() -> None:
    found = replicas.judge("replica 1", replace(FOLLOWS, received=None))
    assert found.state is State.WARNING
    assert found.mend.startswith("GRANT pg_read_all_stats TO fleet_reader ")
    assert "1 bytes" in replicas.judge("replica 1", replace(FOLLOWS, received=None, reached=False, bytes=1)).what


def test_the_budget_counts_every_process_and_what_fits_does_fit() -> None:
    claim = Claim(workers=4, geo_workers=2, most=20)
    assert claim.total == 4 * 22 + 2 * 20 + 5
    found = pool.judge(PRIMARY, claim)
    assert found.state is State.WRONG
    assert found.mend.startswith("DB_POOL_MAX=14, or max_connections = 136 there")
    assert pool.judge(PRIMARY, replace(claim, most=14)).state is State.OK
    assert pool.judge(PRIMARY, replace(claim, most=15)).state is State.WRONG
    assert pool.judge(replace(PRIMARY, most=136), claim).state is State.OK
    assert pool.judge(replace(PRIMARY, most=135), claim).state is State.WRONG
    assert pool.judge(replace(PRIMARY, most=136, others=1), claim).state is State.WRONG
    assert pool.judge(replace(PRIMARY, pooled=True), claim).state is State.WARNING
    crowd = pool.judge(PRIMARY, Claim(workers=100, geo_workers=0, most=1))
    assert not crowd.mend.startswith("DB_POOL_MAX"), "no size fits"


async def test_the_wanted_queues_are_those_that_services_declare() -> None:
    wanted = await queues.wanted()
    ours = {name for queue in WORK_QUEUES for name in queue.names}
    assert set(wanted) == ours | set(DEAD_QUEUES)
    assert wanted[UPDATES.name]["x-max-length"] == UPDATES.max_length


def test_other_arguments_are_told_in_words() -> None:
    said = (
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'updates' in vhost '/': "
        "received the value '1000000' of type 'signedint' but current is none"
    )
    found = queues.judge_arguments("updates", said, 3)
    assert "its x-max-length is none, not the value '1000000' of type 'signedint'" in found.what
    assert "emptied it, of 3 messages" in found.mend
    assert "it is empty" in queues.judge_arguments("updates", "no words we know", 0).mend
    assert "no words we know" in queues.judge_arguments("updates", "no words we know", 0).what


def test_of_dead_letters_each_queue_that_holds_some_is_told() -> None:
    assert [one.state for one in queues.judge_dead({"dead.geo": 0})] == [State.OK]
    (found,) = queues.judge_dead({"dead.geo": 0, "dead.updates": 7})
    assert (found.state, found.mend) == (State.WARNING, "fleet dead list --queue dead.updates")


def policy(name: str, pattern: str, priority: int = 0, apply_to: str = "queues", **definition: int) -> dict[str, Any]:
    keys = {key.replace("_", "-"): value for key, value in definition.items()}
    return {"name": name, "pattern": pattern, "priority": priority, "apply-to": apply_to, "definition": keys}


@pytest.mark.parametrize(
    ("given", "harm"),
    [
        (policy("p", "^updates$", message_ttl=5), "message-ttl 5 on updates"),
        (policy("p", "^updates$", expires=5), "expires 5 on updates"),
        (policy("p", "^updates$", max_length_bytes=5), "max-length-bytes 5 on updates"),
        (policy("p", "^updates$", max_length=999_999), "max-length 999999 on updates"),
        (policy("p", "^retry", max_length=10**9), "max-length 1000000000 on retry.updates.1s"),
        (policy("p", "^updates$", delivery_limit=20), "delivery-limit 20 on updates"),
        (policy("p", "^updates$", max_length=10_000_000), None),
        (policy("p", "^updates$", queue_leader_locator=1), None),
        (policy("p", "^updates$", apply_to="exchanges", message_ttl=5), None),
        (policy("p", "^somebody", message_ttl=5), None),
    ],
)
def test_which_policy_harms(given: dict[str, Any], harm: str | None) -> None:
    wishes: dict[str, dict[str, Any]] = {
        "updates": {"x-max-length": 1_000_000, "x-delivery-limit": 50},
        "retry.updates.1s": {"x-queue-type": "quorum"},
    }
    found = policies.judge_policies([given], wishes, "clear_policy")
    assert [one.what for one in found] == ([] if harm is None else [f"the policy p sets {harm}"])


def test_of_two_policies_the_one_with_the_higher_priority_holds() -> None:
    both = [policy("harm", ".*", 1, message_ttl=5), policy("fine", ".*", 2, queue_leader_locator=1)]
    assert policies.judge_policies(both, {"updates": {}}, "clear_policy") == []


def test_a_pattern_that_python_does_not_know_is_warned_of_and_the_other_policies_are_judged() -> None:
    both = [policy("strange", "^updates(?<n>x)?$"), policy("p", "^updates$", message_ttl=5)]
    strange, harm = policies.judge_policies(both, {"updates": {}}, "clear_policy")
    assert (strange.state, harm.state) == (State.WARNING, State.WRONG)
    assert "the policy strange has a pattern that only RabbitMQ understands" in strange.what


def test_a_user_without_rights_is_told_the_command_that_gives_them() -> None:
    broker = BrokerSettings(rabbitmq_url=SecretStr("amqp://o%27neil:hunter2@host/a%2Fb"))
    found = rabbitmq.judge_rights(Surroundings({BrokerSettings: broker}, {}, {}), "ACCESS_REFUSED")
    assert found.state is State.WRONG
    assert shlex.split(found.mend) == ["rabbitmqctl", "set_permissions", "-p", "a/b", "o'neil", ".*", ".*", ".*"]


def test_leftovers_are_queues_of_our_families_that_nobody_makes() -> None:
    ours = ["updates", "retry.updates.1s", "dead.updates"]
    found = policies.judge_leftovers({"updates": 0, "retry.updates.7s": 2, "invoices": 9}, ours)
    assert [one.what.split()[-4:-1] for one in found] == [["which", "holds", "2"]]
    assert policies.judge_leftovers({"updates": 0, "invoices": 9}, ours)[0].state is State.OK


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({}, State.OK),
        ({"running": False}, State.WRONG),
        ({"mem_alarm": True}, State.WRONG),
        ({"disk_free_alarm": True}, State.WRONG),
        ({"partitions": ["rabbit@two"]}, State.WRONG),
        ({"disk_free": 2**30 + 1}, State.WARNING),
        ({"disk_free": "unknown"}, State.OK),
    ],
)
def test_how_a_broker_is(said: dict[str, Any], state: State) -> None:
    (found,) = policies.judge_node(NODE | said)
    assert found.state is state


@pytest.mark.parametrize(
    ("answer", "named", "state"),
    [
        ({"ok": True, "result": {"username": "checkin_bot"}}, "", State.OK),
        ({"ok": True, "result": {"username": "checkin_bot"}}, "@Checkin_Bot", State.OK),
        ({"ok": True, "result": {"username": "checkin_bot"}}, "other_bot", State.WRONG),
        ({"ok": False, "error_code": 401, "description": "Unauthorized"}, "", State.WRONG),
    ],
)
def test_whose_the_token_is(answer: dict[str, Any], named: str, state: State) -> None:
    assert telegram.judge_token(answer, named).state is state


def test_a_bot_api_that_errs_says_nothing_of_the_token() -> None:
    with pytest.raises(EngineAway, match="Bad Gateway"):
        telegram.judge_token({"ok": False, "error_code": 502, "description": "Bad Gateway"}, "")


@pytest.mark.parametrize(
    ("said", "states"),
    [
        ({}, []),
        ({"url": ""}, [State.WRONG]),
        ({"url": "https://other.example.com"}, [State.WRONG]),
        ({"max_connections": 40}, [State.WARNING]),
        ({"allowed_updates": ["message"]}, [State.WRONG]),
        ({"allowed_updates": [*ALLOWED_UPDATES, "poll"]}, [State.WARNING]),
        ({"allowed_updates": []}, [State.WARNING]),
        ({"pending_update_count": 1_001}, [State.WARNING]),
        ({"last_error_date": int(NOW.timestamp()) - 60, "last_error_message": "timeout"}, [State.WARNING]),
        ({"last_error_date": int(NOW.timestamp()) - 60, "pending_update_count": 2}, [State.WRONG]),
        ({"last_error_date": int(NOW.timestamp()) - 3_600, "pending_update_count": 2}, []),
    ],
)
def test_what_telegram_holds(said: dict[str, Any], states: list[State]) -> None:
    info = INFO | said
    found = [*telegram.drifts(info, str(INFO["url"])), *telegram.judge_delivery(info, NOW)]
    assert [one.state for one in found] == states


def test_polling_and_a_webhook_exclude_each_other() -> None:
    assert telegram.judge_polling(INFO).mend == "fleet webhook delete"
    assert telegram.judge_polling(INFO | {"url": ""}).state is State.OK


async def fine(_around: Surroundings) -> Sequence[Finding]:
    return [ok("fine")]


async def away(_around: Surroundings) -> Sequence[Finding]:
    raise EngineAway("it does not answer")


async def unknown(_around: Surroundings) -> Sequence[Finding]:
    raise Unknown("nobody knows")


async def refused(_around: Surroundings) -> Sequence[Finding]:
    raise asyncpg.InsufficientPrivilegeError("no")


async def hangs(_around: Surroundings) -> Sequence[Finding]:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # a library that does not let itself be cancelled at once
            raise


async def mistaken(_around: Surroundings) -> Sequence[Finding]:
    raise KeyError("apply-to")


async def lost(_around: Surroundings) -> Sequence[Finding]:
    raise asyncio.CancelledError  # as aio-pika does, unasked, when a connection dies


async def test_a_check_that_cannot_be_made_says_why_and_an_engine_that_is_away_is_wrong_once() -> None:
    entries = {"engine": Entry(away, "start it"), "of it": Entry(away), "a": Entry(unknown), "b": Entry(refused)}
    diagnosis = await examine(NOWHERE, entries=entries)
    assert dict(diagnosis.findings) == {
        "engine": wrong("it does not answer", "start it"),
        "of it": unchecked("it does not answer"),
        "a": unchecked("nobody knows"),
        "b": unchecked("InsufficientPrivilegeError: no"),
    }
    assert diagnosis.status == 1


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (refused, "InsufficientPrivilegeError: no"),
        (mistaken, "this check itself failed, tell who made it: KeyError: 'apply-to'"),
        (lost, "the connection was lost in the middle"),
    ],
)
async def test_an_engines_own_check_that_fails_in_the_middle_is_wrong_and_the_others_are_told(
    check: Check, said: str
) -> None:
    entries = {"engine": Entry(check, "mend it"), "of it": Entry(check), "other": Entry(fine)}
    diagnosis = await examine(NOWHERE, entries=entries)
    assert dict(diagnosis.findings) == {"engine": wrong(said, "mend it"), "of it": unchecked(said), "other": ok("fine")}
    assert diagnosis.status == 1


async def test_a_check_that_hangs_is_given_up_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TIMEOUT", 0.01)
    entries = {"engine": Entry(hangs, "mend it"), "of it": Entry(hangs), "quick": Entry(fine)}
    diagnosis = await examine(NOWHERE, entries=entries)
    said = "no answer within 0 s"
    assert dict(diagnosis.findings) == {"engine": wrong(said, "mend it"), "of it": unchecked(said), "quick": ok("fine")}


async def test_what_is_skipped_is_not_made() -> None:
    diagnosis = await examine(NOWHERE, ["engine"], {"engine": Entry(away, "start it"), "quick": Entry(fine)})
    assert diagnosis.status == 0
    assert diagnosis.findings[0] == ("engine", unchecked("left out, as --skip says"))


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in the place of /run/secrets, no variable, and no secret known."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setattr(settings, "SECRETS", tmp_path)
    monkeypatch.setattr(masking, "_known", [])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    return tmp_path


async def test_mounted_secrets_are_read_and_none_leaves_whatever_a_check_says(mounted: Path) -> None:
    url = "postgresql://fleet:hunter2%21@db/x"
    (mounted / "DATABASE_URL").write_text(f"{url}\n")
    (mounted / "database_replica_urls").write_text("postgres://a:hunter3@b/c")

    async def careless(around: Surroundings) -> Sequence[Finding]:
        (replica,) = around.of(DatabaseSettings).replica_urls
        return [wrong(f"{url} hunter2! {replica} hunter3", "psql hunter2%21")]

    ((_, found),) = (await examine(look_around(), entries={"careless": Entry(careless)})).findings
    assert found == wrong("*** *** *** ***", "psql ***")


def test_a_mounted_secret_that_cannot_be_read_is_told_of_each_service(mounted: Path) -> None:
    (mounted / "database_url").write_bytes(b"\xff\xfe")
    around = look_around()
    assert DatabaseSettings not in around.groups
    said = f"DATABASE_URL: {mounted}/database_url cannot be read: it is not text in UTF-8"
    assert [name for name, lines in around.lacks.items() if said in lines] == ["checkin_worker", "geo_worker"]


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([("a", ok("x")), ("b", warning("x", "y")), ("c", unchecked("x"))], 0),
        ([("a", wrong("x", "y")), ("b", ok("x"))], 1),
        ([("a", wrong("x", "y")), ("settings", wrong("x", "y"))], 2),
    ],
)
def test_the_exit_status(findings: list[tuple[str, Finding]], status: int) -> None:
    assert Diagnosis(findings).status == status
    assert json.loads(as_json(Diagnosis(findings)))["status"] == status


def test_a_line_is_no_longer_than_80_columns_and_moves_no_terminal() -> None:
    long = Diagnosis([(name, wrong("much is wrong " * 20 + "\x1b[2J\n", "fleet migrate " * 9)) for name in CHECKS])
    assert all(len(line) <= WIDTH and line.isprintable() for line in told(long).split("\n"))
    address = "https://bot.example.com/" + "x" * 90
    assert address in told(Diagnosis([("webhook", ok(f"updates go to {address}"))])), "an address is never cut"


def test_an_error_of_a_moment_that_is_to_come_is_no_nonsense() -> None:
    info = INFO | {"last_error_date": int((NOW + timedelta(minutes=1)).timestamp())}
    (found,) = telegram.judge_delivery(info, NOW)
    assert found.what.startswith("0 min ago")
