"""The ledger: each call once with its newest outcome, in whatever order it is told; who can be reached, who not."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from checkin_worker.app import checkin_worker
from checkin_worker.receipts import ReceiptHandler
from shared.contracts import Receipt, Receipts, encode
from shared.delivery import Delivery, Drop
from shared.errors import Undecodable
from shared.lifecycle import Life
from shared.topology import RECEIPTS
from tests.integration.broker_side import comes, linked, put, until
from tests.integration.desk_side import PERSON, SENT, DeskSide, desk_side, worker_settings
from tests.integration.receipt_side import receipt, tell

STRANGER, GROUP = 5_100_000_999, -1_001_234_567_890


@pytest.fixture
async def ledger(worker: DeskSide) -> ReceiptHandler:
    """The handler; the worker has had one update of PERSON's, who is known from then on."""
    await worker.text("/start")
    await worker.rows("UPDATE inbox SET handled_at = $1", SENT)
    return ReceiptHandler(worker.pool)


def minutes(number: float) -> datetime:
    return SENT + timedelta(minutes=number)


async def calls(worker: DeskSide) -> list[asyncpg.Record]:
    return await worker.rows("SELECT * FROM calls ORDER BY created_at, key, chat_id")


async def since(worker: DeskSide) -> datetime | None:
    [row] = await worker.rows("SELECT unreachable_since FROM employees WHERE user_id = $1", PERSON)
    found: datetime | None = row["unreachable_since"]
    return found


async def test_a_receipt_is_a_row_with_all_that_it_says(worker: DeskSide, ledger: ReceiptHandler) -> None:
    await tell(ledger, receipt("9:0", outcome="refused", reason="Bad Request: x", doubtful=2, campaign_id=4))
    [row] = await calls(worker)
    assert dict(row) == {
        "chat_id": PERSON,
        "key": "9:0",
        "method": "sendMessage",
        "priority": "interactive",
        "campaign_id": 4,
        "what": "✅ Giriş qeydə alındı",
        "outcome": "refused",
        "reason": "Bad Request: x",
        "message_id": 77,
        "doubtful": 2,
        "created_at": SENT - timedelta(seconds=30),
        "settled_at": SENT,
        "stranger": False,
    }


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_of_a_call_that_is_told_in_any_order_and_twice_the_newest_receipt_stays(
    worker: DeskSide, ledger: ReceiptHandler, order: Sequence[int]
) -> None:
    told = [
        receipt(at=minutes(number), outcome=outcome) for number, outcome in enumerate(("unknown", "failed", "sent"))
    ]
    await tell(ledger, *(told[number] for number in order for _ in range(2)))
    assert [(row["outcome"], row["settled_at"]) for row in await calls(worker)] == [("sent", minutes(2))]


@pytest.mark.parametrize("outcome", ["withdrawn", "expired"])
async def test_a_message_that_was_queued_twice_and_went_out_stays_sent_whatever_became_of_the_second(
    worker: DeskSide, ledger: ReceiptHandler, outcome: str
) -> None:
    await tell(ledger, receipt("campaign:1:5"), receipt("campaign:1:5", at=minutes(5), outcome=outcome))
    [row] = await calls(worker)
    assert (row["outcome"], row["settled_at"]) == ("sent", SENT)


async def test_many_receipts_of_one_call_at_once_are_one_row(worker: DeskSide, ledger: ReceiptHandler) -> None:
    await asyncio.gather(*(tell(ledger, receipt(at=minutes(number))) for number in range(20)))
    assert [row["settled_at"] for row in await calls(worker)] == [minutes(19)]


async def test_the_same_key_in_two_chats_is_two_calls(worker: DeskSide, ledger: ReceiptHandler) -> None:
    await tell(ledger, receipt(), receipt(chat_id=STRANGER))
    assert [row["chat_id"] for row in await calls(worker)] == [PERSON, STRANGER]


async def test_nul_characters_line_breaks_and_endless_texts_do_no_harm(
    worker: DeskSide, ledger: ReceiptHandler
) -> None:
    hostile = "a\0b\u202e\x1b[31m\n" + "ə" * 100_000
    await tell(ledger, receipt("k\0" + "9" * 5000, what=hostile, reason=hostile, method=hostile))
    [row] = await calls(worker)
    assert row["what"].startswith("ab[31m əəə")
    lengths = [len(row[column]) for column in ("key", "what", "reason", "method")]
    assert lengths == [255, 200, 300, 64]


@pytest.mark.parametrize(
    "fields",
    [
        {"chat_id": 2**63},
        {"message_id": -(2**63) - 1},
        {"campaign_id": 10**30},
        {"doubtful": 10**30},
        {"settled_at": 1e300},
        {"created_at": -1e15},
    ],
    ids=str,
)
async def test_numbers_and_moments_that_there_are_not_are_told_and_not_waited_for(
    worker: DeskSide, ledger: ReceiptHandler, fields: dict[str, Any]
) -> None:
    message = encode(Receipts(receipts=[receipt("wrong", **fields), receipt("right")]))
    verdict = await ledger(Delivery(RECEIPTS.name, "1", message, {}, tries=0, redelivered=False))
    assert isinstance(verdict, Drop)
    assert verdict.reason.startswith("wrong: ")
    assert [row["key"] for row in await calls(worker)] == ["right"]


async def test_receipts_of_one_message_are_rows_of_one_statement_and_the_newest_of_a_call_stays(
    worker: DeskSide, ledger: ReceiptHandler
) -> None:
    told = [receipt(f"{n}:0", at=minutes(n)) for n in range(50)]
    again = [receipt("7:0", at=minutes(60), outcome="refused"), receipt("8:0", at=minutes(-60), outcome="refused")]
    message = encode(Receipts(receipts=[*again, *told, blocked(70)]))
    await ledger(Delivery(RECEIPTS.name, "1", message, {}, tries=0, redelivered=False))
    outcomes = {row["key"]: row["outcome"] for row in await calls(worker)}
    assert len(outcomes) == 51
    assert (outcomes["7:0"], outcomes["8:0"]) == ("refused", "sent")
    assert await since(worker) == minutes(70)


async def test_of_a_stranger_or_a_group_is_kept_that_there_was_a_call_and_not_what_it_said(
    worker: DeskSide, ledger: ReceiptHandler
) -> None:
    await tell(ledger, receipt(chat_id=STRANGER), receipt(chat_id=GROUP, outcome="unreachable"))
    assert [(row["chat_id"], row["what"], row["stranger"]) for row in await calls(worker)] == [
        (GROUP, "", True),
        (STRANGER, "", True),
    ]


# Who cannot be reached.


def blocked(number: float, key: str = "b") -> Receipt:
    return receipt(key, at=minutes(number), outcome="unreachable", reason="Forbidden: bot was blocked by the user")


def arrived(number: float, key: str = "a", **fields: str) -> Receipt:
    return receipt(key, at=minutes(number), **fields)


async def test_a_call_that_does_not_reach_somebody_marks_them_since_then(
    worker: DeskSide, ledger: ReceiptHandler
) -> None:
    await tell(ledger, blocked(1))
    assert await since(worker) == minutes(1)
    await tell(ledger, blocked(2, "again"))
    assert await since(worker) == minutes(1), "since the first"


async def test_who_wrote_meanwhile_is_not_marked_by_an_older_call(worker: DeskSide, ledger: ReceiptHandler) -> None:
    await worker.rows("UPDATE inbox SET handled_at = $1", minutes(2))
    await tell(ledger, blocked(1))
    assert await since(worker) is None
    await tell(ledger, blocked(3, "later"))
    assert await since(worker) == minutes(3)


@pytest.mark.parametrize("doing", ["text", "location", "button"])
async def test_whatever_they_send_next_they_are_reachable_again(
    worker: DeskSide, ledger: ReceiptHandler, doing: str
) -> None:
    await tell(ledger, blocked(1))
    assert await since(worker) is not None
    match doing:
        case "text":
            await worker.text("salam")
        case "location":
            await worker.tap()
        case "button":
            await worker.press("no such button")
    assert await since(worker) is None


async def test_who_must_consent_anew_is_reachable_again_when_they_write(
    worker: DeskSide, ledger: ReceiptHandler, database_url: str, queues: AbstractConnection
) -> None:
    await tell(ledger, blocked(1))
    async with desk_side(worker_settings(database_url, consent="required"), queues) as strict:
        strict.last_update = 50
        await strict.text("salam")
        assert await since(worker) is None


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
async def test_since_when_somebody_is_unreachable_follows_from_the_calls_in_any_order(
    worker: DeskSide, ledger: ReceiptHandler, order: Sequence[int]
) -> None:
    told = [blocked(1, "b1"), arrived(2), blocked(3, "b3"), blocked(4, "b4")]
    await tell(ledger, *(told[number] for number in order))
    assert await since(worker) == minutes(3)


@pytest.mark.parametrize("order", [*itertools.permutations(range(2))])
async def test_a_later_call_that_arrives_ends_it_and_an_earlier_one_does_not(
    worker: DeskSide, ledger: ReceiptHandler, order: Sequence[int]
) -> None:
    told = [blocked(1), arrived(2)]
    await tell(ledger, *(told[number] for number in order))
    assert await since(worker) is None
    told = [arrived(4, "a4"), blocked(5, "b5")]
    await tell(ledger, *(told[number] for number in order))
    assert await since(worker) == minutes(5)


async def test_the_answer_to_a_button_is_no_sign_that_messages_arrive(worker: DeskSide, ledger: ReceiptHandler) -> None:
    await tell(ledger, blocked(1), arrived(2, method="answerCallbackQuery"))
    assert await since(worker) == minutes(1)
    await tell(ledger, arrived(3, "later", method="editMessageText"))
    assert await since(worker) is None


async def test_a_receipt_waits_for_what_the_person_is_just_doing(worker: DeskSide, ledger: ReceiptHandler) -> None:
    async with worker.pool.connection() as db:
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1)", PERSON)
            telling = asyncio.create_task(tell(ledger, blocked(1)))

            async def waits() -> bool:
                [row] = await worker.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                return bool(row[0])

            await until(waits)
            await db.execute("UPDATE inbox SET handled_at = $1", minutes(2))
        await telling
    assert await since(worker) is None


async def test_who_is_forgotten_has_no_ledger_and_what_comes_after_says_nothing(
    worker: DeskSide, ledger: ReceiptHandler
) -> None:
    await tell(ledger, receipt(), blocked(1))
    for button in ("forget:sure", "forget:yes"):
        await worker.press(button)
    assert await calls(worker) == []
    assert await worker.rows("SELECT FROM employees WHERE unreachable_since IS NOT NULL") == []
    await tell(ledger, receipt("farewell", at=minutes(5), what="Ləman, sağ olun"))
    assert [(row["what"], row["stranger"]) for row in await calls(worker)] == [("", True)]


# With the queue.


async def test_the_worker_takes_receipts_from_their_queue_and_lays_aside_what_is_none(
    worker: DeskSide, database_url: str, rabbitmq_url: str
) -> None:
    await worker.text("/start")
    async with linked(rabbitmq_url):  # declares the queues
        pass
    async with checkin_worker(worker_settings(database_url, rabbitmq_url=SecretStr(rabbitmq_url)), Life()):
        await put(rabbitmq_url, RECEIPTS.name, b'{"v":1,"key":"x"}', message_id="x")
        await put(
            rabbitmq_url, RECEIPTS.name, encode(Receipts(receipts=[receipt("late", chat_id=2**63)])), message_id="late"
        )
        await put(rabbitmq_url, RECEIPTS.name, encode(Receipts(receipts=[receipt("good")])), message_id="good")
        dead = [await comes(rabbitmq_url, RECEIPTS.dead) for _ in range(2)]

        async def told() -> bool:
            return bool(await calls(worker))

        await until(told)
    assert {message.message_id for message in dead} == {"x", "late"}
    assert [row["key"] for row in await calls(worker)] == ["good"]


async def test_a_receipt_of_another_version_is_refused(ledger: ReceiptHandler) -> None:
    with pytest.raises(Undecodable, match="version 2"):
        await ledger(Delivery(RECEIPTS.name, "1", b'{"v":2}', {}, tries=0, redelivered=False))
