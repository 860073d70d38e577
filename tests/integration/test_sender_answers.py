"""Whatever comes back instead of the Bot API's answer is an outcome, and no outcome shows the token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
import pytest
from aiohttp import web
from pydantic import SecretStr

from local.ports import LOOPBACK, free_port
from sender.settings import SenderSettings
from sender.telegram import Failed, Fenced, Gate, NotOurTurn, Outcome, Refused, Sent, Telegram, Unknown
from shared.contracts import File, OutboundCall
from simulator.crowd import Crowd
from simulator.ledger import Outcome as Ending
from simulator.server import Simulator
from tests.integration.broker_side import LIMIT

TOKEN = "4242:a-token-that-nobody-may-see"  # noqa: S105 - opens nothing
CALL = OutboundCall(key="k", chat_id=1, method="sendMessage", params={"chat_id": 1, "text": "x"}, created_at=0)


def settings(url: str) -> SenderSettings:
    return SenderSettings(
        rabbitmq_url=SecretStr("amqp://not-asked"),
        redis_url=SecretStr("redis://not-asked"),
        telegram_bot_token=SecretStr(TOKEN),
        telegram_api_url=url,
    )


UPLOAD = OutboundCall(
    key="k",
    chat_id=1,
    method="sendDocument",
    params={"chat_id": 1},
    created_at=0,
    file=File("document", "x.xlsx", bytes(3 * 1024 * 1024)),
)


async def opened() -> None:
    """A gate that lets everything through."""


async def outcome_of(url: str, *, call: OutboundCall = CALL, gate: Gate = opened) -> Outcome:
    async with contextlib.aclosing(Telegram(settings(url))) as telegram:
        return await telegram.call(call, gate)


def closed_after(parts: int) -> tuple[Gate, list[int]]:
    """A gate that lets so many parts through, and what it was asked for."""
    asked: list[int] = []

    async def gate() -> None:
        asked.append(len(asked))
        if len(asked) > parts:
            raise NotOurTurn

    return gate, asked


@contextlib.asynccontextmanager
async def listener() -> AsyncIterator[tuple[str, "asyncio.Queue[bytes]"]]:
    """A server that says nothing and keeps what each connection brought until it was closed."""
    brought: asyncio.Queue[bytes] = asyncio.Queue()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await brought.put(await reader.read())
        except ConnectionError:
            await brought.put(b"")
        writer.close()

    server = await asyncio.start_server(keep, LOOPBACK, 0)
    async with server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", brought


@pytest.fixture
async def answers() -> AsyncIterator[tuple[str, list[web.Response]]]:
    """A server that gives one answer after the other."""
    left: list[web.Response] = []

    async def answer(_request: web.Request) -> web.Response:
        return left.pop(0)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, LOOPBACK, port).start()
    yield f"http://{LOOPBACK}:{port}", left
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b'{"ok":false}'),
        (502, b"<html>\xff\xfe bad gateway</html>"),
        (200, b"<html>captive portal</html>"),
        (200, b'{"ok":true,"result":{"unexpected":1}}'),
        (500, b""),
    ],
)
async def test_a_broken_answer_is_a_failed_call(
    answers: tuple[str, list[web.Response]], status: int, body: bytes
) -> None:
    url, left = answers
    left.append(web.Response(status=status, body=body, content_type="text/html"))
    outcome = await outcome_of(url)
    assert isinstance(outcome, Failed | Unknown)
    assert TOKEN not in repr(outcome)


async def test_a_call_that_never_left_does_not_count_as_a_try() -> None:
    outcome = await outcome_of(f"http://{LOOPBACK}:{free_port()}")
    assert isinstance(outcome, Failed)
    assert not outcome.counted
    assert TOKEN not in repr(outcome)


async def test_a_wrong_token_does_not_use_up_the_tries(answers: tuple[str, list[web.Response]]) -> None:
    url, left = answers
    left.append(web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401))
    outcome = await outcome_of(url)
    assert isinstance(outcome, Failed)
    assert not outcome.counted


async def test_a_call_whose_turn_was_lost_is_not_written(answers: tuple[str, list[web.Response]]) -> None:
    url, left = answers
    left.append(web.json_response({"ok": True, "result": True}))
    gate, _ = closed_after(0)
    assert await outcome_of(url, gate=gate) == Fenced()
    assert left, "nothing was asked of the server"


@pytest.mark.parametrize("call", [CALL, UPLOAD], ids=["a message", "an upload"])
async def test_the_gate_is_asked_before_the_first_byte(call: OutboundCall) -> None:
    async with listener() as (url, brought):
        gate, asked = closed_after(0)
        assert await outcome_of(url, call=call, gate=gate) == Fenced()
        async with asyncio.timeout(LIMIT):
            assert await brought.get() == b""
    assert len(asked) == 1


async def test_an_upload_whose_turn_is_lost_on_the_way_is_broken_off_and_never_whole() -> None:
    async with listener() as (url, brought):
        gate, asked = closed_after(20)
        assert await outcome_of(url, call=UPLOAD, gate=gate) == Fenced()
        async with asyncio.timeout(LIMIT):
            request = await brought.get()
    assert len(asked) == 21
    assert len(request) < 2 * 1024 * 1024
    assert not request.endswith(b"0\r\n\r\n")  # how a request of unknown length ends


async def test_a_broken_upload_is_nothing_to_telegram() -> None:
    async with Simulator() as simulator:
        person = Crowd(simulator, employees=1).employees[0]
        call = msgspec.structs.replace(UPLOAD, chat_id=person.id, params={"chat_id": person.id})
        config = settings(simulator.url).model_copy(update={"telegram_bot_token": SecretStr(simulator.token)})
        async with contextlib.aclosing(Telegram(config)) as telegram:
            gate, _ = closed_after(20)
            assert await telegram.call(call, gate) == Fenced()
            await simulator.until(lambda: bool(simulator.ledger.ended))
            assert simulator.chat(person.id) == []
            assert simulator.ledger.calls[0].outcome is Ending.LOST
            assert isinstance(await telegram.call(call, opened), Sent)
        assert [message.file for message in simulator.chat(person.id)] == [bytes(3 * 1024 * 1024)]


@pytest.mark.parametrize("method", ["sendDocument", "sendPhoto"])
async def test_a_file_beside_a_method_that_takes_another_is_refused_before_anything_is_written(
    answers: tuple[str, list[web.Response]], method: str
) -> None:
    url, left = answers
    left.append(web.json_response({"ok": True, "result": True}))
    field: Literal["document", "photo"] = "photo" if method == "sendDocument" else "document"
    wrong = msgspec.structs.replace(UPLOAD, method=method, file=File(field, "x", b"x"))
    assert isinstance(await outcome_of(url, call=wrong), Refused)
    assert left, "nothing was asked of the server"
