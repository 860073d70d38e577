"""Delivery of updates: the webhook with its retries and order, and getUpdates."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from simulator.crowd import Crowd
from simulator.server import Simulator, SimulatorConfig
from simulator.updates.queue import KINDS, UNASKED

SECRET = "s3cret_-"  # noqa: S105 - made up for these tests

Answer = Callable[[dict[str, Any]], web.Response]


class Webhook:
    """A bot's door that answers as told, and holds requests while `open` is clear."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Answer = lambda _: web.Response()
        self.open = asyncio.Event()
        self.open.set()
        self.inside = 0
        self.most_inside = 0

    @property
    def ids(self) -> list[int]:
        return [body["update_id"] for body in self.bodies]

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return self.answer(body)


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig(time_scale=0.001)) as simulator:
        yield simulator


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    hook = Webhook()
    application = web.Application()
    application.router.add_post("/webhook", hook.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield hook
    hook.open.set()
    await runner.cleanup()


async def call(telegram: Simulator, method: str, **params: object) -> dict[str, Any]:
    url = f"{telegram.url}/bot{telegram.token}/{method}"
    async with aiohttp.ClientSession() as http, http.post(url, json=params) as answer:
        body: dict[str, Any] = await answer.json()
        return body


async def test_updates_come_as_json_with_the_secret(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=1)
    await call(telegram, "setWebhook", url=webhook.url, secret_token=SECRET)
    update_id = crowd.send_location(crowd.employees[0])
    await telegram.until(lambda: telegram.updates.pending == 0)
    assert webhook.bodies[0]["update_id"] == update_id
    assert webhook.bodies[0]["message"]["location"].keys() >= {"latitude", "longitude"}
    assert webhook.headers[0]["X-Telegram-Bot-Api-Secret-Token"] == SECRET
    assert webhook.headers[0]["Content-Type"] == "application/json"


async def test_what_waited_before_the_webhook_was_set_is_delivered(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=20)
    ids = await crowd.everyone_checks_in()
    await call(telegram, "setWebhook", url=webhook.url)
    await telegram.until(lambda: telegram.updates.pending == 0)
    assert sorted(webhook.ids) == sorted(ids)


async def test_next_update_of_a_chat_waits_for_2xx_of_the_one_before(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=2)
    one, other = crowd.employees
    webhook.open.clear()
    await call(telegram, "setWebhook", url=webhook.url)
    ids = [crowd.send_location(one), crowd.send_location(one), crowd.send_location(other)]
    await telegram.until(lambda: len(telegram.ledger.webhook) == 2)
    assert {entry.update_id for entry in telegram.ledger.webhook} == {ids[0], ids[2]}
    webhook.open.set()
    await telegram.until(lambda: telegram.updates.pending == 0)
    first, second = (next(entry for entry in telegram.ledger.webhook if entry.update_id == sent) for sent in ids[:2])
    assert first.answered is not None
    assert first.answered <= second.sent


async def test_a_callback_query_does_not_wait_for_the_message_before_it(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=1)
    employee = crowd.employees[0]
    webhook.open.clear()
    await call(telegram, "setWebhook", url=webhook.url)
    crowd.say(employee, "salam")
    telegram.updates.send({"callback_query": {"id": "1", "from": employee.as_user(), "data": "x"}})
    await telegram.until(lambda: len(telegram.ledger.webhook) == 2)
    assert {entry.kind for entry in telegram.ledger.webhook} == {"message", "callback_query"}


async def test_a_refused_update_is_tried_again_until_it_is_taken(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=1)
    webhook.answer = lambda _: web.Response(status=200 if len(webhook.bodies) > 3 else 503)
    await call(telegram, "setWebhook", url=webhook.url)
    update_id = crowd.send_location(crowd.employees[0])
    await telegram.until(lambda: telegram.updates.pending == 0)
    assert webhook.ids == [update_id] * 4
    assert [(entry.number, entry.status) for entry in telegram.ledger.webhook] == [
        (1, 503),
        (2, 503),
        (3, 503),
        (4, 200),
    ]
    info = (await call(telegram, "getWebhookInfo"))["result"]
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert info["last_error_date"] > 0


async def test_the_pause_of_a_retry_after_is_kept(webhook: Webhook) -> None:
    async with Simulator(SimulatorConfig(time_scale=0.001)) as telegram:
        crowd = Crowd(telegram, employees=1)
        webhook.answer = lambda _: web.Response(
            status=503 if len(webhook.bodies) == 1 else 200, headers={"Retry-After": "300"}
        )
        await call(telegram, "setWebhook", url=webhook.url)
        crowd.send_location(crowd.employees[0])
        await telegram.until(lambda: telegram.updates.pending == 0)
        first, second = telegram.ledger.webhook
        assert first.answered is not None
        assert 0.3 <= second.sent - first.answered < 2.0


async def test_a_door_that_is_closed_is_tried_again(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=1)
    await call(telegram, "setWebhook", url="http://127.0.0.1:9/webhook")
    crowd.send_location(crowd.employees[0])
    await telegram.until(lambda: len(telegram.ledger.webhook) >= 3)
    assert telegram.ledger.webhook[0].status is None
    assert "Connection failed" in telegram.ledger.webhook[0].error
    assert telegram.updates.pending == 1
    assert webhook.bodies == []


async def test_a_failing_chat_keeps_its_slot_and_two_per_connection_stop_the_bot(
    telegram: Simulator, webhook: Webhook
) -> None:
    crowd = Crowd(telegram, employees=3)
    poisoned = {crowd.employees[0].id, crowd.employees[1].id}
    webhook.answer = lambda body: web.Response(status=500 if body["message"]["chat"]["id"] in poisoned else 200)
    for employee in crowd.employees:
        crowd.send_location(employee)
    await call(telegram, "setWebhook", url=webhook.url, max_connections=1)
    await telegram.until(lambda: min(Counter(e.chat_id for e in telegram.ledger.webhook)[p] for p in poisoned) >= 4)
    assert {entry.chat_id for entry in telegram.ledger.webhook} == poisoned
    webhook.answer = lambda _: web.Response()
    await telegram.until(lambda: telegram.updates.pending == 0)


async def test_no_more_requests_at_a_time_than_max_connections(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=60)
    await call(telegram, "setWebhook", url=webhook.url, max_connections=7)
    await crowd.everyone_checks_in()
    await telegram.until(lambda: telegram.updates.pending == 0)
    webhook.open.clear()
    await crowd.everyone_checks_in()
    await telegram.until(lambda: webhook.inside == 7 or len(telegram.ledger.webhook) >= 60 + 7)
    webhook.open.set()
    await telegram.until(lambda: telegram.updates.pending == 0)
    assert webhook.most_inside <= 7
    assert len(webhook.bodies) == 120


async def test_every_update_is_posted_as_often_as_duplicates_are_asked_for(
    telegram: Simulator, webhook: Webhook
) -> None:
    telegram.faults.duplicates = 3
    crowd = Crowd(telegram, employees=10)
    await call(telegram, "setWebhook", url=webhook.url)
    ids = await crowd.everyone_checks_in()
    await telegram.until(lambda: telegram.updates.pending == 0)
    assert Counter(webhook.ids) == dict.fromkeys(ids, 3)


async def test_an_answer_that_takes_too_long_is_none(webhook: Webhook) -> None:
    async with Simulator(SimulatorConfig(time_scale=0.001, webhook_timeout=0.1)) as telegram:
        crowd = Crowd(telegram, employees=1)
        webhook.open.clear()
        await call(telegram, "setWebhook", url=webhook.url)
        crowd.send_location(crowd.employees[0])
        await telegram.until(lambda: len(telegram.ledger.webhook) >= 2)
        assert telegram.ledger.webhook[0].error == "Read timeout expired"


async def test_setting_the_webhook_again_within_a_second_is_refused(telegram: Simulator, webhook: Webhook) -> None:
    first = await call(telegram, "setWebhook", url=webhook.url)
    assert (first["result"], first["description"]) == (True, "Webhook was set")
    assert (await call(telegram, "setWebhook", url=webhook.url))["description"] == "Webhook is already set"
    assert (await call(telegram, "setWebhook", url=webhook.url + "2"))["parameters"] == {"retry_after": 1}


async def test_webhook_info_tells_what_was_set_and_what_waits(telegram: Simulator, webhook: Webhook) -> None:
    crowd = Crowd(telegram, employees=5)
    webhook.open.clear()
    await call(telegram, "setWebhook", url=webhook.url, max_connections=100, allowed_updates=["message"])
    await crowd.everyone_checks_in()
    info = (await call(telegram, "getWebhookInfo"))["result"]
    assert info["url"] == webhook.url
    assert (info["max_connections"], info["allowed_updates"]) == (100, ["message"])
    assert info["pending_update_count"] == 5
    assert (info["has_custom_certificate"], info["ip_address"]) == (False, "<unknown>")


async def test_webhook_info_leaves_out_what_is_not_set_as_telegram_does(telegram: Simulator, webhook: Webhook) -> None:
    nothing = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    assert (await call(telegram, "getWebhookInfo"))["result"] == nothing
    await call(telegram, "setWebhook", url=webhook.url)
    told = (await call(telegram, "getWebhookInfo"))["result"]
    assert told == {**nothing, "url": webhook.url, "max_connections": 40, "ip_address": "<unknown>"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["callback_query", "Message", "edited_message"], ["message", "edited_message", "callback_query"]),
        (["message", "telepathy"], ["message"]),
        (["telepathy"], None),
        ([], None),
        (sorted({*KINDS} - UNASKED), None),
        ([*KINDS], [*KINDS]),
    ],
    ids=["in Telegram's order", "an unknown one", "only unknown ones", "none", "the default ones", "all"],
)
async def test_webhook_info_tells_kinds_of_update_as_telegram_does(
    telegram: Simulator, webhook: Webhook, asked: list[str], told: list[str] | None
) -> None:
    await call(telegram, "setWebhook", url=webhook.url, allowed_updates=asked)
    assert (await call(telegram, "getWebhookInfo"))["result"].get("allowed_updates") == told


async def test_a_deleted_webhook_gets_nothing_more_and_what_waits_is_kept(
    telegram: Simulator, webhook: Webhook
) -> None:
    crowd = Crowd(telegram, employees=1)
    await call(telegram, "setWebhook", url=webhook.url)
    assert (await call(telegram, "deleteWebhook"))["description"] == "Webhook was deleted"
    update_id = crowd.send_location(crowd.employees[0])
    waiting = await call(telegram, "getUpdates")
    assert [update["update_id"] for update in waiting["result"]] == [update_id]
    assert webhook.bodies == []
    await call(telegram, "deleteWebhook", drop_pending_updates=True)
    assert telegram.updates.pending == 0


async def test_get_updates_conflicts_with_a_webhook(telegram: Simulator, webhook: Webhook) -> None:
    await call(telegram, "setWebhook", url=webhook.url)
    answer = await call(telegram, "getUpdates")
    assert answer["error_code"] == 409
    assert answer["description"] == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )


async def test_an_offset_confirms_the_updates_before_it(telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=1)
    ids = [crowd.send_location(crowd.employees[0]) for _ in range(3)]
    assert [u["update_id"] for u in (await call(telegram, "getUpdates", limit=2))["result"]] == ids[:2]
    assert [u["update_id"] for u in (await call(telegram, "getUpdates", offset=ids[1] + 1))["result"]] == ids[2:]
    assert telegram.updates.pending == 1


async def test_a_long_poll_is_answered_when_something_comes(telegram: Simulator) -> None:
    crowd = Crowd(telegram, employees=1)
    polling = asyncio.create_task(call(telegram, "getUpdates", timeout=30))
    await telegram.until(lambda: len(telegram.ledger.other_calls) == 1)
    update_id = crowd.send_location(crowd.employees[0])
    assert [update["update_id"] for update in (await polling)["result"]] == [update_id]


async def test_a_second_long_poll_ends_the_first(telegram: Simulator) -> None:
    first = asyncio.create_task(call(telegram, "getUpdates", timeout=30))
    await telegram.until(lambda: len(telegram.ledger.other_calls) == 1)
    assert (await call(telegram, "getUpdates"))["result"] == []
    assert (await first)["description"].startswith("Conflict: terminated by other getUpdates request")
