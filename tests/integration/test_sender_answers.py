"""Whatever comes back instead of the Bot API's answer is an outcome, and no outcome shows the token."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import SecretStr

from local.ports import LOOPBACK, free_port
from sender.settings import SenderSettings
from sender.telegram import Failed, Fenced, NotOurTurn, Outcome, Telegram
from shared.contracts import OutboundCall

TOKEN = "4242:a-token-that-nobody-may-see"  # noqa: S105 - opens nothing
CALL = OutboundCall(key="k", chat_id=1, method="sendMessage", params={"chat_id": 1, "text": "x"}, created_at=0)


def settings(url: str) -> SenderSettings:
    return SenderSettings(
        rabbitmq_url=SecretStr("amqp://not-asked"),
        redis_url=SecretStr("redis://not-asked"),
        telegram_bot_token=SecretStr(TOKEN),
        telegram_api_url=url,
    )


async def outcome_of(url: str, *, allowed: bool = True) -> Outcome:
    def gate() -> None:
        if not allowed:
            raise NotOurTurn

    telegram = Telegram(settings(url))
    try:
        return await telegram.call(CALL, gate)
    finally:
        await telegram.aclose()


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
    assert isinstance(outcome, Failed)
    assert outcome.counted
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
    assert await outcome_of(url, allowed=False) == Fenced()
    assert left, "nothing was asked of the server"
