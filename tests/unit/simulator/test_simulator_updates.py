import random

import pytest
from aiogram.methods import SetWebhook

from simulator.botapi.errors import BadRequestError
from simulator.changes import Changes
from simulator.chats import Chats
from simulator.updates.connections import Opening
from simulator.updates.pauses import Pauses, read_retry_after
from simulator.updates.queue import Updates
from simulator.updates.webhook import read_settings

CHAT = {"id": 7, "first_name": "Şəbnəm", "type": "private"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def a_message(text: str = "salam") -> dict[str, object]:
    return {"message": {"chat": CHAT, "from": CHAT, "text": text}}


def a_query() -> dict[str, object]:
    return {"callback_query": {"id": "1", "from": CHAT, "data": "x", "chat_instance": "1"}}


def test_pauses_are_none_then_2_4_8_16_32_seconds_then_one_to_two_minutes() -> None:
    pauses = Pauses(random.Random(1))  # noqa: S311 - no secret: a repeatable test
    assert [pauses.after_failure() for _ in range(6)] == [0, 2, 4, 8, 16, 32]
    assert all(60 <= pauses.after_failure() <= 120 for _ in range(20))


def test_retry_after_header_replaces_the_pause() -> None:
    pauses = Pauses()
    assert [pauses.after_failure(3), pauses.after_failure(5), pauses.after_failure()] == [3, 5, 2]


def test_retry_after_counts_for_at_most_an_hour() -> None:
    assert Pauses().after_failure(86_400) == 3600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5), (" 12 ", 12), ("-1", 0), ("1.5", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), (None, 0)],
)
def test_only_an_integer_retry_after_counts(header: str | None, seconds: int) -> None:
    assert read_retry_after(header) == seconds


def test_connections_open_one_in_two_seconds_until_a_success_then_ten_in_half_a_second() -> None:
    opening = Opening()
    assert opening.wait(0.0) == 0
    opening.open(0.0)
    assert opening.wait(0.5) == 1.5
    opening.succeed()
    for _ in range(9):
        assert opening.wait(0.1) == 0
        opening.open(0.1)
    assert opening.wait(0.1) == 0.4
    assert opening.wait(0.5) == 0


def test_update_ids_begin_at_random_and_count_up() -> None:
    first, second = (Updates(Chats(), Changes(), seed=seed) for seed in (1, 2))
    begin = first.send(a_message())
    assert first.send(a_message()) == begin + 1
    assert second.send(a_message()) != begin


def test_after_a_quiet_week_update_ids_begin_at_random_again() -> None:
    updates = Updates(Chats(), Changes())
    before = updates.send(a_message())
    updates.restart_ids()
    assert abs(updates.send(a_message()) - before) > 1


def test_a_message_waits_24_hours_and_a_callback_query_150_seconds() -> None:
    clock = Clock()
    updates = Updates(Chats(), Changes(), clock=clock)
    updates.send(a_message())
    updates.send(a_query())
    clock.now += 149
    assert len(updates.batch(100)) == 2
    clock.now += 1
    assert [list(update) for update in updates.batch(100)] == [["update_id", "message"]]
    clock.now += 86_400
    assert updates.batch(100) == []
    assert updates.pending == 0


def test_messages_and_callback_queries_of_a_person_wait_in_different_lanes() -> None:
    updates = Updates(Chats(), Changes())
    updates.send(a_message())
    updates.send(a_query())
    assert len(updates.lanes) == 2


def test_a_negative_offset_counts_from_the_end() -> None:
    updates = Updates(Chats(), Changes())
    ids = [updates.send(a_message()) for _ in range(5)]
    updates.confirm_before(-2)
    assert [update["update_id"] for update in updates.batch(100)] == ids[-2:]


def test_updates_of_a_kind_that_is_not_allowed_are_not_kept() -> None:
    updates = Updates(Chats(), Changes())
    updates.allowed = frozenset({"callback_query"})
    updates.send(a_message())
    updates.send(a_query())
    assert updates.pending == 1


def test_a_person_who_sent_something_has_a_chat() -> None:
    chats = Chats()
    Updates(chats, Changes()).send(a_message("salam"))
    assert [message.text for message in chats.seen(7)] == ["salam"]


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (SetWebhook(url="http://example.com/hook"), "HTTPS"),
        (SetWebhook(url="ftp://127.0.0.1/hook"), "HTTPS"),
        (SetWebhook(url="no address"), "invalid"),
        (SetWebhook(url="https://example.com", secret_token="ə"), "unallowed"),  # noqa: S106 - not a secret, a bad one
        (SetWebhook(url="https://example.com", secret_token="a" * 257), "too long"),
    ],
)
def test_a_webhook_that_telegram_would_refuse_is_refused(method: SetWebhook, reason: str) -> None:
    with pytest.raises(BadRequestError, match=reason):
        read_settings(method)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "ingress"])
def test_plain_http_is_enough_on_this_machine_and_among_containers(host: str) -> None:
    assert read_settings(SetWebhook(url=f"http://{host}:8080/hook")).url == f"http://{host}:8080/hook"


@pytest.mark.parametrize(("asked", "given"), [(None, 40), (0, 1), (7, 7), (1000, 100)])
def test_max_connections_is_40_by_default_and_from_1_to_100(asked: int | None, given: int) -> None:
    settings = read_settings(SetWebhook(url="http://127.0.0.1:1/hook", max_connections=asked))
    assert settings.max_connections == given
