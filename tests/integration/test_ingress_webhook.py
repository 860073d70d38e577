"""`POST /webhook`: 200 means that RabbitMQ holds the update, and nothing unsigned gets in."""

import asyncio
import io
import ipaddress
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aio_pika
import aiohttp
import pytest
import structlog
from prometheus_client import REGISTRY

from ingress import webhook as webhook_module
from ingress.intake import Intake
from ingress.sources import EVERYBODY, TELEGRAM, Sources
from ingress.webhook import MAX_BODY, ROOM, SECRET_HEADER, Webhook
from local.engines import Engines
from local.ports import LOOPBACK, free_port
from shared import topology, tracing
from shared.delivery import FIRST_FAILED, LAST_FAILED, REASON
from shared.listener import serving
from shared.publisher import Publisher
from tests.integration.broker_side import comes, held, linked
from tests.integration.proxy import Proxy

SECRET, PREVIOUS = "new-secret_1", "old-secret_0"
UPDATE = (
    b'{"update_id":7,"message":{"message_id":1,"date":1795471200,"chat":{"id":5,"type":"private"},'
    b'"from":{"id":5,"is_bot":false,"first_name":"\xc6\x8fli"},"location":{"latitude":40.37,"longitude":49.85}}}'
)
SIGNED = {SECRET_HEADER: SECRET}


@dataclass(frozen=True)
class Door:
    """A webhook that listens, and the way from it to the broker."""

    port: int
    proxy: Proxy
    vhost: str

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/webhook"

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.url, data=io.BytesIO(body), headers=SIGNED if headers is None else headers) as answer,
        ):
            return answer.status, dict(answer.headers)

    async def holds(self, queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
        return await held(self.vhost, queue)


@pytest.fixture(scope="module")
async def vhost(engines: Engines) -> AsyncIterator[str]:
    """One virtual host for the module; every test takes out what it put in."""
    address = await engines.rabbitmq.create_vhost("webhook")
    async with await aio_pika.connect(address) as connection:
        await topology.declare(connection)
    yield address
    await engines.rabbitmq.delete_vhost("webhook")


@pytest.fixture
def sources() -> Sources:
    """Who may call; a test's own where it says so."""
    return EVERYBODY


@pytest.fixture
async def door(engines: Engines, vhost: str, sources: Sources) -> AsyncIterator[Door]:
    """A webhook on a port, connected to the broker; afterwards nothing is left in the queues."""
    publisher, port = Publisher(), free_port()
    app = Webhook(Intake(publisher), [SECRET.encode(), PREVIOUS.encode()], sources).app()
    async with (
        Proxy(engines.rabbitmq.port) as proxy,
        linked(proxy.before(vhost), publisher),
        serving(app, LOOPBACK, port, ROOM),
    ):
        yield Door(port, proxy, vhost)
    await held(vhost, "updates")
    await held(vhost, "dead.updates")


async def raw(door: Door, request: bytes) -> bytes:
    """Send bytes and return the beginning of the answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    try:
        writer.write(request)
        async with asyncio.timeout(10.0):
            return await reader.readline()
    finally:
        writer.transport.abort()


def head(*lines: str, signed: bool = True) -> bytes:
    """The head of a request, up to and with the empty line."""
    signature = [f"{SECRET_HEADER}: {SECRET}"] if signed else []
    return "\r\n".join(["POST /webhook HTTP/1.1", "Host: x", *signature, *lines, "", ""]).encode("latin-1")


def counted(fate: str) -> float:
    return REGISTRY.get_sample_value("ingress_updates_total", {"fate": fate}) or 0.0


async def test_webhook_answers_200_only_after_the_broker_confirms(door: Door) -> None:
    door.proxy.freeze()
    posting = asyncio.create_task(door.post(UPDATE))
    done, _ = await asyncio.wait([posting], timeout=0.3)
    assert not done
    await door.proxy.heal()
    assert (await posting)[0] == 200
    assert len(await door.holds("updates")) == 1


async def test_an_update_is_queued_with_the_bytes_that_came_and_its_headers(door: Door) -> None:
    before, began = counted("queued"), time.time_ns() // 1_000_000
    body = UPDATE + b" \n"  # what no decoder would write again
    assert (await door.post(body))[0] == 200
    (message,) = await door.holds("updates")
    assert message.body == body
    assert message.message_id == "7"
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert message.headers["update_id"] == 7
    received = message.headers["received_at"]
    assert isinstance(received, int)
    assert began <= received <= time.time_ns() // 1_000_000
    version, trace, span, flags = str(message.headers["traceparent"]).split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "00")
    assert counted("queued") == before + 1


async def test_a_thousand_at_once_are_all_queued_once(door: Door) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as http:

        async def send(number: int) -> int:
            body = UPDATE.replace(b'"update_id":7', b'"update_id":%d' % number)
            async with http.post(door.url, data=body, headers=SIGNED) as answer:
                return answer.status

        statuses = await asyncio.gather(*(send(number) for number in range(1000)))
    assert set(statuses) == {200}
    messages = await door.holds("updates")
    assert sorted(int(str(message.headers["update_id"])) for message in messages) == list(range(1000))


async def test_the_previous_secret_is_accepted_while_rotating(door: Door) -> None:
    assert (await door.post(UPDATE, {SECRET_HEADER: PREVIOUS}))[0] == 200
    assert len(await door.holds("updates")) == 1


FORGED = {
    "no secret": [],
    "an empty one": [f"{SECRET_HEADER}:"],
    "a wrong one": [f"{SECRET_HEADER}: guess"],
    "half of it": [f"{SECRET_HEADER}: {SECRET[:-1]}"],
    "the right one twice": [f"{SECRET_HEADER}: {SECRET}"] * 2,
    "a wrong and the right one": [f"{SECRET_HEADER}: guess", f"{SECRET_HEADER}: {SECRET}"],
    "both in one": [f"{SECRET_HEADER}: {SECRET}, {PREVIOUS}"],
    "bytes beyond ASCII": [f"{SECRET_HEADER}: \xff\xfe{SECRET}"],
    "in another header": [f"Authorization: {SECRET}"],
}


@pytest.mark.parametrize("forged", FORGED)
async def test_a_forged_update_is_401_and_publishes_nothing(door: Door, forged: str) -> None:
    request = head(*FORGED[forged], f"Content-Length: {len(UPDATE)}", signed=False) + UPDATE
    assert await raw(door, request) == b"HTTP/1.1 401 Unauthorized\r\n"
    assert await door.holds("updates") == await door.holds("dead.updates") == []


def refused_sources(why: str) -> float:
    return REGISTRY.get_sample_value("ingress_refused_sources_total", {"why": why}) or 0.0


BEHIND_ONE_PROXY = Sources([ipaddress.ip_network(network) for network in TELEGRAM], 1)


@pytest.mark.parametrize("sources", [BEHIND_ONE_PROXY])
@pytest.mark.parametrize(
    ("forwarded", "why"),
    [
        (["203.0.113.9"], "elsewhere"),
        (["149.154.167.220, 203.0.113.9"], "elsewhere"),
        (["149.154.167.220", "203.0.113.9"], "elsewhere"),
        ([], "untold"),
        (["149.154.167.220, unknown"], "untold"),
    ],
)
async def test_whoever_calls_from_elsewhere_is_403_secret_or_not_and_counted(
    door: Door, forwarded: list[str], why: str
) -> None:
    before = refused_sources(why)
    headers = [f"X-Forwarded-For: {value}" for value in forwarded]
    assert b" 403 " in await raw(door, head(*headers, f"Content-Length: {len(UPDATE)}") + UPDATE)
    assert b" 403 " in await raw(door, head(*headers, "Content-Length: 0", signed=False))
    assert refused_sources(why) == before + 2
    assert await door.holds("updates") == []


@pytest.mark.parametrize("sources", [BEHIND_ONE_PROXY])
async def test_whoever_calls_from_telegrams_ranges_through_our_proxy_still_needs_the_secret(door: Door) -> None:
    telegram = "X-Forwarded-For: made-up, 91.108.4.7"
    assert b" 200 " in await raw(door, head(telegram, f"Content-Length: {len(UPDATE)}") + UPDATE)
    assert b" 401 " in await raw(door, head(telegram, "Content-Length: 0", signed=False))
    assert len(await door.holds("updates")) == 1


async def test_a_forged_update_is_refused_without_reading_its_body(door: Door) -> None:
    assert b" 401 " in await raw(door, head(f"Content-Length: {MAX_BODY}", signed=False))


async def test_a_body_that_says_that_it_is_too_long_is_refused_unread(door: Door) -> None:
    assert b" 413 " in await raw(door, head(f"Content-Length: {64 * MAX_BODY}"))
    assert await door.holds("updates") == await door.holds("dead.updates") == []


async def test_an_endless_body_is_refused_while_it_is_read(door: Door) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, door.port)
    writer.write(head("Transfer-Encoding: chunked"))
    answer = asyncio.create_task(reader.readline())
    sent = 0
    async with asyncio.timeout(10.0):
        while not answer.done():
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        assert b" 413 " in await answer
    writer.transport.abort()
    assert sent < 20 * MAX_BODY  # what the sockets between hold is on top of what is read
    assert await door.holds("updates") == await door.holds("dead.updates") == []


async def test_the_longest_body_that_is_taken_is_one_mebibyte(door: Door) -> None:
    assert (await door.post(UPDATE.ljust(MAX_BODY)))[0] == 200
    assert (await door.post(UPDATE.ljust(MAX_BODY + 1)))[0] == 413
    assert len(await door.holds("updates")) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "br", "zstd", "what-is-this"])
async def test_an_encoded_body_is_refused_unread(door: Door, encoding: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = await raw(door, head(f"Content-Encoding: {encoding}", "Content-Length: 100000"))
    assert answer == b"HTTP/1.1 415 Unsupported Media Type\r\n"
    assert caplog.records == []  # least of all with a traceback


async def test_a_body_that_does_not_arrive_is_408(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_module, "BODY_TIMEOUT", 0.1)  # instead of ten seconds
    assert b" 408 " in await raw(door, head("Content-Length: 100") + b'{"upd')
    assert await door.holds("updates") == await door.holds("dead.updates") == []


async def test_a_body_that_is_cut_off_publishes_nothing(door: Door) -> None:
    _, writer = await asyncio.open_connection(LOOPBACK, door.port)
    writer.write(head(f"Content-Length: {len(UPDATE)}") + UPDATE[:-1])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await door.post(UPDATE))[0] == 200
    assert [message.body for message in await door.holds("updates")] == [UPDATE]
    assert await door.holds("dead.updates") == []


async def test_two_lengths_in_one_request_are_refused(door: Door) -> None:
    smuggled = head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    assert b" 400 " in await raw(door, smuggled)


async def test_other_methods_are_405_and_other_paths_404(door: Door) -> None:
    async with aiohttp.ClientSession(headers=SIGNED) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            async with http.request(method, door.url, data=UPDATE if method == "PUT" else None) as answer:
                assert answer.status == 405
        for path in ("", "webhook/", "webhook/x", "Webhook", "metrics", "healthz"):
            async with http.post(f"http://{LOOPBACK}:{door.port}/{path}", data=UPDATE) as answer:
                assert answer.status == 404
    assert await door.holds("updates") == []


UNDECODABLE = {
    "empty": b"",
    "not JSON": b"hello",
    "HTML": b"<html></html>",
    "a list": b"[]",
    "null": b"null",
    "no update_id": b'{"message":{}}',
    "an update_id that is text": b'{"update_id":"7","message":{}}',
    "a fraction": b'{"update_id":7.5,"message":{}}',
    "negative": b'{"update_id":-1,"message":{}}',
    "beyond 63 bits": b'{"update_id":9223372036854775808,"message":{}}',
    "beyond 64 bits": b'{"update_id":18446744073709551616,"message":{}}',
    "a million digits": b'{"update_id":' + b"9" * 1_000_000 + b"}",
    "deep": b'{"update_id":7,"message":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep and not closed": b'{"x":' * 100_000,
    "invalid UTF-8 outside of text": b'{"update_id":7,"message":\xff\xfe}',
    "a lone surrogate": UPDATE.replace(b"\xc6\x8fli", b"\\ud800"),
    "NUL": b"\x00",
    "NUL after": UPDATE + b"\x00",
    "two of them": UPDATE + UPDATE,
    "cut off": UPDATE[:-1],
    "an edited message that is text": b'{"update_id":7,"edited_message":"x"}',
    "a press by nobody with a number": b'{"update_id":7,"callback_query":{"from":{"id":null}}}',
    "a person who is text": b'{"update_id":7,"message":{"from":{"id":"x"}}}',
    "NaN": b'{"update_id":NaN,"message":{}}',
    "UTF-16": UPDATE.decode().encode("utf-16"),
}


@pytest.mark.parametrize("name", UNDECODABLE)
async def test_what_is_signed_and_undecodable_is_200_and_a_dead_letter_with_the_reason(door: Door, name: str) -> None:
    before, body = counted("dead"), UNDECODABLE[name]
    assert (await door.post(body))[0] == 200
    (letter,) = await door.holds("dead.updates")
    assert letter.body == body
    reason = str(letter.headers[REASON])
    assert reason.startswith("undecodable: ")
    assert len(reason) > len("undecodable: ")
    assert letter.headers[FIRST_FAILED] == letter.headers[LAST_FAILED]
    assert counted("dead") == before + 1
    assert await door.holds("updates") == []


@pytest.mark.parametrize(
    "body",
    [
        UPDATE,
        UPDATE.replace(b'"message":', b'"edited_message":'),
        b'{"update_id":7,"callback_query":{"id":"1","from":{"id":5},"chat_instance":"1","data":"undo:1:2"}}',
    ],
    ids=["message", "edited_message", "callback_query"],
)
async def test_every_kind_that_the_fleet_asks_for_is_queued_and_logged_with_the_person(door: Door, body: bytes) -> None:
    before = counted("queued")
    with structlog.testing.capture_logs() as lines:
        assert (await door.post(body))[0] == 200
    assert [message.body for message in await door.holds("updates")] == [body]
    assert counted("queued") == before + 1
    [line] = [line for line in lines if line["event"] == "settled"]
    assert (line["update_id"], line["user_id"], line["fate"]) == (7, 5, "queued")


async def test_a_trace_that_a_caller_speaks_of_is_not_continued(door: Door) -> None:
    theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert (await door.post(UPDATE, {**SIGNED, "traceparent": theirs}))[0] == 200
    [message] = await door.holds("updates")
    assert message.headers["traceparent"] != theirs
    assert not tracing.is_recorded(str(message.headers["traceparent"]))


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\\u0000"])
async def test_text_that_the_ingress_does_not_read_goes_on_to_those_who_do(door: Door, text: bytes) -> None:
    body = UPDATE.replace(b"\xc6\x8fli", text)
    assert (await door.post(body))[0] == 200
    assert [message.body for message in await door.holds("updates")] == [body]


@pytest.mark.parametrize(
    "update",
    [
        b'{"update_id":7,"edited_channel_post":{"from":{"id":5}}}',
        b'{"update_id":7,"my_chat_member":{"from":{"id":5}}}',
        b'{"update_id":7,"inline_query":{"id":"1","from":{"id":5}}}',
        b'{"update_id":7,"a_kind_of_next_year":{}}',
        b'{"update_id":7,"message":null}',
        b'{"update_id":7,"callback_query":null}',
        b'{"update_id":0}',
    ],
)
async def test_a_kind_that_the_fleet_does_not_handle_is_200_counted_and_not_published(
    door: Door, update: bytes
) -> None:
    before = counted("dropped")
    assert (await door.post(update))[0] == 200
    assert counted("dropped") == before + 1
    assert await door.holds("updates") == await door.holds("dead.updates") == []


@pytest.mark.parametrize("body", [UPDATE, b"undecodable"])
async def test_without_the_broker_it_is_503_at_once_with_a_retry_after(door: Door, body: bytes) -> None:
    await door.proxy.cut()
    began = time.monotonic()
    answers = await asyncio.gather(*(door.post(body) for _ in range(20)))
    assert time.monotonic() - began < 5.0
    assert {status for status, _ in answers} == {503}
    pauses = {int(headers["Retry-After"]) for _, headers in answers}
    assert pauses <= {2, 3, 4, 5}
    assert len(pauses) > 1  # so that not all return at once


async def test_what_was_answered_503_lands_when_telegram_sends_it_again(door: Door) -> None:
    await door.proxy.cut()
    assert (await door.post(UPDATE))[0] == 503
    await door.proxy.heal()
    async with asyncio.timeout(15.0):
        while (await door.post(UPDATE))[0] != 200:
            pass
    assert (await comes(door.vhost, "updates")).body == UPDATE


async def test_a_frozen_broker_is_503_within_two_seconds(door: Door) -> None:
    door.proxy.freeze()
    began = time.monotonic()
    status, headers = await door.post(UPDATE)
    assert time.monotonic() - began < 5.0
    await door.proxy.heal()
    assert status == 503
    assert 2 <= int(headers["Retry-After"]) <= 5


async def test_a_full_queue_is_503(engines: Engines) -> None:
    vhost = await engines.rabbitmq.create_vhost("webhook-full")
    publisher, port = Publisher(), free_port()
    app = Webhook(Intake(publisher), [SECRET.encode()]).app()
    async with (
        linked(vhost, publisher),
        serving(app, LOOPBACK, port, ROOM),
        aiohttp.ClientSession(headers=SIGNED) as http,
    ):
        async with await aio_pika.connect(vhost) as connection, connection.channel() as channel:
            await channel.queue_delete("updates")
            arguments: dict[str, aio_pika.abc.FieldValue] = {"x-max-length": 1, "x-overflow": "reject-publish"}
            await channel.declare_queue("updates", durable=True, arguments=arguments)
        statuses = []
        for _ in range(4):
            async with http.post(f"http://{LOOPBACK}:{port}/webhook", data=UPDATE) as answer:
                statuses.append(answer.status)
    assert statuses[0] == 200
    assert statuses[-1] == 503
    await engines.rabbitmq.delete_vhost("webhook-full")
