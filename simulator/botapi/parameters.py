"""From an HTTP request to a validated method: query, form, multipart and JSON, checked by aiogram's own classes."""

from __future__ import annotations

import re
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from aiogram.types import BufferedInputFile
from aiohttp import BodyPartReader, web
from pydantic import ValidationError

from simulator.botapi.errors import BadRequestError

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod

_NUMBER = re.compile(r"-?\d{1,20}")
_MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "document": "there is no document in the request",
    "photo": "there is no photo in the request",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
}


async def read(request: web.Request) -> dict[str, Any]:
    """The parameters of a call, wherever the client put them; files become InputFile."""
    raw: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        raw |= _json_object(await request.read())
    elif request.content_type == "multipart/form-data":
        raw |= await _multipart(request)
    elif request.can_read_body:
        raw |= await request.post()
    return raw


def validate(kind: type[TelegramMethod[Any]], raw: dict[str, Any]) -> TelegramMethod[Any]:
    """The method, or a BadRequestError that names the parameter. What the method does not know is ignored."""
    known = {}
    for name in kind.model_fields:
        if name in raw:
            known[name] = _decode(name, raw, is_text=name in _text_fields(kind))
    try:
        return kind.model_validate(known)
    except ValidationError as error:
        raise _refusal(name=str(error.errors()[0]["loc"][0]), raw=raw, error=error) from error


def loggable(raw: dict[str, Any]) -> dict[str, Any]:
    """The parameters for the ledger: as they came, files by their names."""
    return {name: value.filename if isinstance(value, BufferedInputFile) else value for name, value in raw.items()}


def plain(raw: dict[str, Any]) -> dict[str, Any]:
    """The parameters with files as their bytes."""
    return {name: value.data if isinstance(value, BufferedInputFile) else value for name, value in raw.items()}


def number(value: object) -> int | None:
    """`value` as an integer, when it is one or spells one."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) else None


def _decode(name: str, raw: dict[str, Any], *, is_text: bool) -> object:
    """A string is left alone where the method takes text; elsewhere it is JSON, as Telegram reads it."""
    value = raw[name]
    if not isinstance(value, str):
        return value
    if name == "chat_id":
        as_number = number(value)
        return value if as_number is None else as_number
    if value.startswith("attach://"):
        return raw.get(value.removeprefix("attach://"), value)
    if is_text:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        if value[:1] in ("{", "["):
            raise BadRequestError(f"can't parse {name.replace('_', ' ')} JSON object") from None
        return value


@cache
def _text_fields(kind: type[TelegramMethod[Any]]) -> frozenset[str]:
    return frozenset(name for name, field in kind.model_fields.items() if _takes_text(field.annotation))


def _takes_text(annotation: object) -> bool:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_takes_text(part) for part in typing.get_args(annotation))
    return annotation is str


def _refusal(*, name: str, raw: dict[str, Any], error: ValidationError) -> BadRequestError:
    if raw.get(name) in (None, ""):
        return BadRequestError(_MISSING.get(name, f"{name.replace('_', ' ')} is not specified"))
    if name == "reply_markup" and "inline_keyboard" in str(error):
        return BadRequestError("inline keyboard expected")
    return BadRequestError(f"wrong parameter {name}: {error.errors()[0]['msg']}")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequestError("can't parse the JSON body") from None
    if not isinstance(parsed, dict):
        raise BadRequestError("the JSON body is not an object")
    return parsed


async def _multipart(request: web.Request) -> dict[str, Any]:
    """The fields, with files in memory; aiohttp's own reader forgets to close its files when an upload breaks off."""
    fields: dict[str, Any] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise BadRequestError("can't parse the request")
        content = bytes(await part.read())
        fields[part.name] = content.decode() if part.filename is None else BufferedInputFile(content, part.filename)
    return fields
