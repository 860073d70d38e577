"""Owns one call to the Bot API through aiogram's own HTTP session, and what its answer means to us."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiogram import Bot, methods
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, Message, WebhookInfo
from pydantic import ValidationError

from sender.settings import SenderSettings
from shared.contracts import OutboundCall
from shared.lean_aiogram import build

ANSWER_TIMEOUT: Final = 30
"""Seconds Telegram may take to answer; afterwards the call's fate is unknown."""
TOLD_WITHIN: Final = 5
"""Seconds Telegram may take to say what it holds."""
IN_FLIGHT: Final = 150
"""Calls whose answer is awaited at once: 30 a second with answers after five."""

_METHODS: Final[dict[str, type[methods.TelegramMethod[Any]]]] = {
    method.__api_method__: method
    for method in (
        methods.SendMessage,
        methods.EditMessageText,
        methods.AnswerCallbackQuery,
        methods.SendDocument,
        methods.SendPhoto,
    )
}
_AS_GOOD_AS_DONE: Final = ("message is not modified", "query is too old")
"""Refusals of what has been done already, and of an answer to a button that nobody waits for any more."""
_NOBODY_THERE: Final = ("chat not found", "user not found", "PEER_ID_INVALID")
"""Refusals with status 400 that mean what 403 means."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram did it; `message_id` is 0 where it made no message."""

    message_id: int = 0


@dataclass(frozen=True, slots=True)
class Flood:
    """Telegram wants silence for so many seconds."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Telegram brings this person, or this chat, nothing more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram will never do it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The group has another number now."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not done.

    `counted`: a server's error. A call that was never written, or that a wrong token made fail, says nothing about the
    call and must not use up its tries.
    """

    reason: str
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was written and no answer came: nobody knows whether it was done."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """The right to send was lost before the call was written; Telegram knows nothing of it."""


Outcome = Sent | Flood | Unreachable | Refused | Moved | Failed | Unknown | Fenced


T = TypeVar("T")


class NotOurTurn(Exception):
    """Raised by a gate: the call must not be written."""


Gate = Callable[[], Awaitable[None]]
"""Awaited right before bytes of a call are written: between its last step and the write is nothing. It may wait; it
raises NotOurTurn to stop the call.

An upload is written in parts, and the gate is asked before each: stopped on the way, it is a broken request, of which
Telegram does nothing.
"""
_gate: ContextVar[Gate] = ContextVar("gate")


class _GatedSession(AiohttpSession):
    """aiogram's session, whose requests ask the gate when they are about to be written.

    aiohttp signals a chunk before it hands it to the transport, the first one with the headers in one write, without a
    pause between.
    """

    async def create_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            trace = aiohttp.TraceConfig()
            trace.on_request_chunk_sent.append(_ask_the_gate)
            self._session = aiohttp.ClientSession(
                connector=self._connector_type(**self._connector_init), trace_configs=[trace]
            )
        return self._session


async def _ask_the_gate(_session: aiohttp.ClientSession, _context: SimpleNamespace, _chunk: Any) -> None:  # noqa: ANN401 - aiohttp's signature
    await _gate.get()()


class Telegram:
    """The Bot API."""

    def __init__(self, settings: SenderSettings) -> None:
        session = _GatedSession(limit=IN_FLIGHT, api=TelegramAPIServer.from_base(settings.telegram_api_url))
        # Held, since pydantic forgets a generic type that nobody holds, and then builds it anew for each answer.
        all_methods: list[type[methods.TelegramMethod[Any]]] = [*_METHODS.values(), methods.GetWebhookInfo]
        self._answers = [methods.Response[method.__returning__] for method in all_methods]  # type: ignore[name-defined]  # a type made at run time
        build(*all_methods, *self._answers)
        self.host = urlsplit(settings.telegram_api_url).hostname or ""
        self._bot = Bot(settings.telegram_bot_token.get_secret_value(), session=session)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._bot.session.close()

    async def call(self, call: OutboundCall, gate: Gate) -> Outcome:
        """Make the call; every way that it can end is an outcome."""
        answer = await self._ask(lambda: _method(call), gate, ANSWER_TIMEOUT)
        if isinstance(answer, Outcome):
            return answer
        return Sent(answer.message_id if isinstance(answer, Message) else 0)

    async def webhook(self, gate: Gate) -> WebhookInfo | Outcome:
        """What Telegram holds about the webhook, or why it does not say."""
        return await self._ask(methods.GetWebhookInfo, gate, TOLD_WITHIN)

    async def _ask(self, make: Callable[[], methods.TelegramMethod[T]], gate: Gate, within: int) -> T | Outcome:
        """Telegram's result, or the outcome where there is none."""
        fenced = written = False

        async def watched() -> None:
            nonlocal fenced, written
            try:
                await gate()
            except NotOurTurn:
                fenced = True
                raise
            written = True

        _gate.set(watched)
        try:
            return await self._bot(make(), request_timeout=within)
        except Exception as problem:  # noqa: BLE001 - broken answers end aiogram in many ways, and each must be an outcome
            return Fenced() if fenced else _meaning(problem, written=written)


def named(method: str) -> str:
    """The method as metrics name it, whatever a message says."""
    return method if method in _METHODS else "other"


def _method(call: OutboundCall) -> methods.TelegramMethod[Any]:
    file = call.file
    upload = {} if file is None else {file.field: BufferedInputFile(file.content, file.name)}
    return _METHODS[call.method](**call.params, **upload)


def _meaning(problem: Exception, *, written: bool) -> Outcome:  # noqa: C901, PLR0911 - a table: one line for each meaning
    """What an exception of a call means. Its text is shown only where Telegram wrote it: others hold the token."""
    match problem:
        case KeyError() | ValidationError():
            return Refused(f"not a call that the sender can make: {_kind(problem)}")
        case TelegramRetryAfter(retry_after=seconds):
            return Flood(float(seconds))
        case TelegramMigrateToChat(migrate_to_chat_id=chat_id):
            return Moved(chat_id)
        case TelegramBadRequest(message=message) if any(done in message for done in _AS_GOOD_AS_DONE):
            return Sent()
        case TelegramBadRequest(message=message) if any(words in message for words in _NOBODY_THERE):
            return Unreachable(message[:200])
        case TelegramForbiddenError(message=message):
            return Unreachable(message[:200])
        case TelegramBadRequest(message=message) | TelegramEntityTooLarge(message=message):
            return Refused(message[:200])
        case TelegramUnauthorizedError(message=message) | TelegramNotFound(message=message):
            return Failed(f"{message[:200]}: is TELEGRAM_BOT_TOKEN right?", counted=False)
        case TelegramServerError(message=message):
            return Failed(message[:200])
        case _ if written:
            return Unknown(f"no answer: {_kind(problem)}")
        case _:
            return Failed(f"not reached: {_kind(problem)}", counted=False)


def _kind(problem: BaseException) -> str:
    cause = problem.__cause__
    return type(problem).__name__ + (f" ({type(cause).__name__})" if cause is not None else "")
