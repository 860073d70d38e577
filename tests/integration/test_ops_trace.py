"""`fleet trace`: one update's journey, as far as the engines know it, and what they do not know any more."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import pytest
from pydantic import SecretStr

from checkin_worker.receipts import ReceiptHandler
from local.ports import LOOPBACK, free_port
from ops import journey_engines
from ops.commands.trace import NOT_FOUND, NOTHING
from shared.cache import Cache
from shared.contracts import UPDATE_ID
from shared.delivery import FIRST_FAILED, LAST_FAILED, REASON, TRIES
from shared.remembered import UNDER_WAY, SentAs, place_of
from shared.topology import INTERACTIVE, UPDATES, declare
from tests.integration.broker_side import put
from tests.integration.database_side import as_login
from tests.integration.desk_side import PERSON, SENT, DeskSide
from tests.integration.ops_side import BAKU, Said, fleet
from tests.integration.receipt_side import receipt, tell

READER = "replica_reader"


async def trace(database_url: str, *words: object, **environment: str) -> Said:
    """The command, with a reader's rights."""
    return await fleet(database_url, "trace", *words, DATABASE_URL=as_login(database_url, READER), **environment)


async def journey(database_url: str, *words: object, **environment: str) -> dict[str, Any]:
    """What it tells programs."""
    said = await trace(database_url, *words, "--json", **environment)
    assert said.status == 0, said.problems
    told: dict[str, Any] = json.loads(said.out)
    return told


def later() -> datetime:
    """After all that a test has done by then."""
    return datetime.now(UTC) + timedelta(seconds=5)


async def depth(url: str, queue: str) -> int:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


def whats(told: dict[str, Any]) -> list[str]:
    return [step["what"] for step in told["steps"]]


@pytest.fixture
async def broker_url(rabbitmq_url: str) -> str:
    """A RabbitMQ with our queues, and nothing in them."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await declare(connection)
    return rabbitmq_url


async def test_a_check_in_is_followed_from_the_telephone_to_telegrams_answer(
    worker: DeskSide, database_url: str
) -> None:
    await worker.tap()
    await worker.rows("UPDATE attendance_events SET address = 'Bakı'")
    await tell(ReceiptHandler(worker.pool), receipt("1:0", at=later()))
    told = await journey(database_url, 1)
    assert (told["found"], told["user_id"], told["name"]) == (True, PERSON, "Ləman Əliyeva")
    assert sorted(whats(told)) == ["called", "handled", "received", "recorded", "written"]
    assert (whats(told)[:2], whats(told)[-1]) == (["written", "received"], "called")
    written, received, *_, called = told["steps"]
    assert (written["at"], received["after_seconds"]) == (f"{SENT.astimezone(BAKU).isoformat()}", 1.0)
    [recorded] = [step for step in told["steps"] if step["what"] == "recorded"]
    assert (recorded["kind"], recorded["session"], recorded["session_of"]) == ("location", "opens", "2026-07-06")
    [handled] = [step for step in told["steps"] if step["what"] == "handled"]
    assert handled["followed_by"] == {"geo.requests": 1, "outbound.interactive": 1}
    assert (called["key"], called["outcome"], called["message_id"]) == ("1:0", "sent", 77)
    assert (told["due"], told["notes"]) == ([], [])


async def test_people_read_it_on_the_companys_clock_with_the_time_between(worker: DeskSide, database_url: str) -> None:
    await worker.tap()
    await tell(ReceiptHandler(worker.pool), receipt("1:0", at=later(), outcome="refused", reason="Bad Request: x"))
    said = await trace(database_url, 1)
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0] == f"update 1 of Ləman Əliyeva ({PERSON})"
    assert lines[1:4] == [
        "time\tafter\twhat",
        "2026-07-06 09:58:07\t\twritten, by Telegram's clock, which has whole seconds",
        "09:58:08.000\t1.0 s\tcame to our door",
    ]
    assert "sendMessage 1:0: refused, message 77 (Bad Request: x); by the ledger" in said.out
    assert "1:0 (geo.requests): its end is not known" in said.out
    assert "RABBITMQ_URL is not set, so it was not asked there" in said.out


async def test_a_call_whose_receipt_has_not_come_is_told_by_what_the_sender_left_in_redis(
    worker: DeskSide, database_url: str, redis_url: str
) -> None:
    await worker.tap()
    async with contextlib.aclosing(Cache(SecretStr(redis_url))) as cache:
        await cache.put(place_of("1:0"), str(SentAs(4711, later().timestamp(), 0.0)), 60)
        told = await journey(database_url, 1, REDIS_URL=redis_url)
        called = told["steps"][-1]
        assert (called["what"], called["message_id"], called["outcome"]) == ("called", 4711, "sent")
        assert called["known_from"].startswith("Redis")
        await cache.put(place_of("1:0"), UNDER_WAY, 60)
        told = await journey(database_url, 1, REDIS_URL=redis_url)
    assert "called" not in whats(told)
    assert {"key": "1:0", "queue": INTERACTIVE.name} in told["due"]
    assert any("1:0 was being written to Telegram" in note for note in told["notes"])


async def test_what_is_dead_is_found_where_it_lies(database_url: str, broker_url: str) -> None:
    failed = int(SENT.timestamp())
    headers = {UPDATE_ID: 7, TRIES: 5, REASON: "took longer than 30 s", FIRST_FAILED: failed, LAST_FAILED: failed}
    await put(broker_url, UPDATES.dead, b"{}", message_id="7", headers=headers)
    await put(broker_url, UPDATES.dead, b"{}", message_id="71", headers={**headers, UPDATE_ID: 71})
    await put(broker_url, INTERACTIVE.dead, b"{}", message_id="7:1", headers=headers)
    await put(broker_url, INTERACTIVE.dead, b"{}", message_id="7:2")  # as a release wrote it that had no such header
    told = await journey(database_url, 7, RABBITMQ_URL=broker_url)
    assert [step["key"] for step in told["steps"] if step["queue"] == INTERACTIVE.dead] == ["7:1", "7:2"]
    [update] = [step for step in told["steps"] if step["queue"] == UPDATES.dead]
    assert (update["what"], update["reason"], update["tries"]) == ("dead", "took longer than 30 s", 5)
    assert await depth(broker_url, UPDATES.dead) == 2, "it is put back"


async def test_of_what_is_not_known_it_says_so_and_how_many_wait_where_it_may_be(
    database_url: str, broker_url: str
) -> None:
    for number in range(3):
        await put(broker_url, UPDATES.name, b"{}", message_id=str(number))
    said = await trace(database_url, 7, RABBITMQ_URL=broker_url)
    assert said.status == NOT_FOUND
    assert NOTHING in said.out
    assert "updates has 3 waiting, it may be among them; nobody takes from it" in said.out
    assert "the ledger is empty" in said.out
    assert json.loads((await trace(database_url, 7, "--json", RABBITMQ_URL=broker_url)).out)["found"] is False


async def test_more_dead_letters_than_can_be_looked_through_are_left_alone(
    database_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journey_engines, "MOST", 1)
    for number in (7, 8):
        await put(broker_url, UPDATES.dead, b"{}", message_id=str(number))
    said = await trace(database_url, 7, RABBITMQ_URL=broker_url)
    assert said.status == NOT_FOUND
    assert "dead.updates holds 2 messages, too many to look through here: `fleet dead list --queue updates" in said.out


async def test_an_engine_that_is_away_is_no_answer_where_it_would_have_to_give_it(
    worker: DeskSide, database_url: str
) -> None:
    away = f"{LOOPBACK}:{free_port()}"
    said = await fleet(database_url, "trace", 7, DATABASE_URL=f"postgresql://{away}/fleet")
    assert (said.status, "is DATABASE_URL right" in said.problems[-1]) == (1, True)
    nobody = await trace(database_url, 7, RABBITMQ_URL=f"amqp://{away}")
    assert (nobody.status, "RABBITMQ_URL" in nobody.problems[-1]) == (1, True)
    await worker.tap()
    told = await journey(database_url, 1, RABBITMQ_URL=f"amqp://{away}", REDIS_URL=f"redis://{away}")
    assert [note.partition(" ")[0] for note in told["notes"]] == ["Redis,", "RabbitMQ", "the"]


async def test_after_the_inbox_has_forgotten_it_it_is_found_by_the_person(worker: DeskSide, database_url: str) -> None:
    await worker.tap()
    await tell(ReceiptHandler(worker.pool), receipt("1:0", at=later()))
    await worker.rows("DELETE FROM inbox")
    assert (await trace(database_url, 1)).status == NOT_FOUND
    told = await journey(database_url, 1, "--user", "Ləman")
    assert whats(told) == ["written", "received", "recorded", "called"]
    assert any("keeps three days" in note for note in told["notes"])
    said = await trace(database_url, 1, "--user", "nobody of this name")
    assert (said.status, "fleet employees list" in said.problems[-1]) == (2, True)


async def test_an_id_that_came_again_is_told_for_the_person_who_is_asked_for(
    worker: DeskSide, database_url: str
) -> None:
    await worker.tap()
    await worker.rows("UPDATE inbox SET user_id = 5 WHERE update_id = 1")
    assert "handled" in whats(await journey(database_url, 1))
    assert whats(await journey(database_url, 1, "--user", PERSON)) == ["written", "received", "recorded"]
