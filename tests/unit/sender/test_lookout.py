"""What is asked of Telegram about the webhook: by whom, when, at what cost to others, and what metrics make of it."""

from typing import Any

import pytest
from aiogram.types import WebhookInfo
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from sender.lookout import PAUSE, Lookout
from sender.settings import SenderSettings
from sender.telegram import Failed, Flood
from shared.contracts import ALLOWED_UPDATES
from shared.webhook import MAX_CONNECTIONS, SETTINGS, Webhook, ours
from tests.unit.sender.departures_room import GUARD, NOW, UNIX, URL, Oracle, Room

ERROR_AT = 1_795_471_000


def info(**fields: Any) -> WebhookInfo:  # noqa: ANN401 - fields of Telegram's object
    """As Telegram answers when all is as we want it."""
    as_wanted = {
        "url": URL,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": MAX_CONNECTIONS,
        "allowed_updates": list(ALLOWED_UPDATES),
    }
    return WebhookInfo.model_validate(as_wanted | fields)


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"sender_webhook_{name}", labels)


def drifting() -> list[str]:
    return [setting for setting in SETTINGS if metric("drift", setting=setting)]


async def told(room: Room, says: WebhookInfo) -> None:
    room.oracle.says = says
    room.lookout.due_at = room.now
    await room.later(1.0 + GUARD)


async def test_what_telegram_says_is_in_the_metrics_of_the_active_sender_and_0_in_a_standbys(room: Room) -> None:
    await told(room, info(pending_update_count=41, last_error_date=ERROR_AT, last_error_message="x"))
    assert metric("pending") == 41
    assert metric("last_error_timestamp_seconds") == ERROR_AT
    assert metric("asked_timestamp_seconds") == UNIX + room.now
    assert drifting() == []
    room.turn.ours.clear()
    names = ("pending", "last_error_timestamp_seconds", "asked_timestamp_seconds")
    assert [metric(name) for name in names] == [0.0, 0.0, 0.0]


async def test_each_setting_that_telegram_holds_otherwise_is_named_and_logged_once(room: Room) -> None:
    elsewhere = info(url="https://thief.example/", max_connections=40, allowed_updates=[*ALLOWED_UPDATES, "poll"])
    with capture_logs() as logs:
        await told(room, elsewhere)
        await told(room, elsewhere)
    assert drifting() == ["url", "allowed_updates", "max_connections"]
    assert [line["event"] for line in logs] == ["webhook_drifts"]
    assert logs[0]["settings"] == drifting()
    with capture_logs() as logs:
        await told(room, info())
    assert (drifting(), logs) == ([], [])


async def test_it_is_asked_as_often_as_it_is_scraped_though_nothing_else_happens(room: Room) -> None:
    await told(room, info())
    for asked in range(2, 5):
        await room.later(PAUSE - 1.1 - GUARD)
        assert room.oracle.asked == asked - 1
        await room.later(1.1 + GUARD)
        assert room.oracle.asked == asked


async def test_a_question_takes_a_slot_of_the_cap(room: Room) -> None:
    await told(room, info())
    assert room.pacer.delay(room.now) == pytest.approx(1.0 + GUARD)
    room.arrive()
    await room.later(1.0)
    assert room.door.made == []
    await room.later(GUARD)
    assert len(room.door.made) == 1


async def test_a_question_goes_after_every_call_that_could_go(room: Room) -> None:
    """Replies, addresses and bulk alike, however long it is due."""
    room.door.answer.set()
    room.lookout.due_at = NOW
    room.pacer.hold(NOW + 1)
    for chat in (1, 2, 3):
        room.arrive(key=f"{chat}:0", chat_id=chat, bulk=chat > 1)
    await room.later(0)
    for made in (1, 2, 3):
        assert room.oracle.asked == 0
        await room.later(1.0 + GUARD)
        assert len(room.door.made) == made
    await room.later(1.0 + GUARD)
    assert room.oracle.asked == 1


async def test_a_question_whose_right_was_lost_before_its_write_is_not_asked_and_costs_nothing(room: Room) -> None:
    room.lookout.due_at = NOW
    room.pacer.hold(NOW + 1)
    await room.later(0.995)  # it waits at the gate for its slot to open
    room.turn.ours.clear()
    await room.departures.drain(10.0)
    await room.later(1.0)
    assert room.oracle.asked == 0
    assert room.pacer.delay(room.now) == 0


async def test_who_takes_over_forgets_what_was_said_before_and_asks_at_once() -> None:
    lookout = Lookout(Oracle(), ours(URL), lambda: True, lambda: UNIX)
    await lookout.look(_open)
    lookout.begin(NOW)
    assert (metric("asked_timestamp_seconds"), lookout.due_at) == (UNIX, NOW + PAUSE)
    lookout.restart(NOW + 1)
    assert (metric("asked_timestamp_seconds"), lookout.due_at) == (0.0, NOW + 1)


async def test_an_answer_that_is_none_keeps_what_was_known_and_says_why(room: Room) -> None:
    await told(room, info(pending_update_count=7))
    asked_at = metric("asked_timestamp_seconds")
    room.oracle.says = Failed("Bad Gateway")
    room.lookout.due_at = room.now
    with capture_logs() as logs:
        await room.later(1.0 + GUARD)
    assert [(line["event"], line["reason"]) for line in logs] == [("webhook_not_told", "Bad Gateway")]
    assert (metric("pending"), metric("asked_timestamp_seconds")) == (7, asked_at)


async def test_when_telegram_wants_silence_of_the_question_it_is_not_asked_before_its_end(room: Room) -> None:
    room.oracle.says = Flood(60)
    room.lookout.due_at = room.now
    await room.later(0)
    assert room.oracle.asked == 1
    await room.later(60.0)
    assert room.oracle.asked == 1
    await room.later(PAUSE)
    assert room.oracle.asked == 2


def test_of_a_bot_that_is_polled_a_webhook_alone_is_a_drift() -> None:
    assert Webhook().drift(ours("")) == []
    assert Webhook(URL, frozenset({"message"}), 7).drift(ours("")) == ["url"]
    assert Webhook().drift(ours(URL)) == ["url", "allowed_updates", "max_connections"]


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        ({"telegram_webhook_url": URL}, ours(URL)),
        ({"telegram_webhook_url": URL, "ingress_mode": "polling"}, ours("")),
        ({}, None),
    ],
    ids=["webhook", "polling", "not told"],
)
def test_what_telegram_should_hold_follows_from_the_settings(given: dict[str, str], wish: Webhook | None) -> None:
    must = {"telegram_bot_token": "1:x", "rabbitmq_url": "amqp://rabbitmq", "redis_url": "redis://redis"}
    assert SenderSettings.model_validate({**must, **given}).webhook == wish


async def test_a_sender_that_does_not_know_what_is_wanted_tells_what_waits_and_of_no_drift() -> None:
    lookout = Lookout(Oracle(), None, lambda: True, lambda: UNIX)
    lookout.restart(NOW)
    with capture_logs() as logs:
        await lookout.look(_open)
    assert metric("asked_timestamp_seconds") == UNIX
    assert logs == []


async def _open() -> None:
    """A gate that lets everything through."""
