"""Owns that no secret of this process is ever written down: what was read as a secret is struck out of what is said.

Library exceptions quote addresses, and addresses hold passwords and tokens. Each place that logs one takes care; this
is the one place that need not know the library. Logs, `fleet`'s complaints and the traceback of a crash pass through
`masked`. Values shorter than SHORTEST are left: they keep nobody out, and striking out `guest` would cost whole words.
"""

import json
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

SHORTEST: Final = 6
"""Characters."""
STRUCK_OUT: Final = "***"
_SECRET_PARAMETERS: Final = frozenset(
    {"password", "sslpassword", "ssl_password", "key", "api_key", "apikey", "token", "access_token", "secret"}
)

_known: list[str] = []


def keep(settings: BaseSettings) -> None:
    """Strike out the secrets of these settings from now on, and out of the traceback if the process crashes."""
    spelt = {spelling for secret in _secrets(settings) for spelling in _spellings(secret)}
    known = {*_known, *(spelling for spelling in spelt if len(spelling) >= SHORTEST)}
    _known[:] = sorted(known, key=len, reverse=True)  # the longest first: a password is part of its address
    sys.excepthook = _crash


def masked(text: str) -> str:
    """The text without this process's secrets."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, STRUCK_OUT)
    return text


def _crash(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, where))))


def _secrets(settings: BaseSettings) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
            yield from _within(value.get_secret_value())
        elif isinstance(value, str):
            yield from _within(value)


def _within(value: str) -> Iterator[str]:
    """The secret parts: of an address, of several with commas between them, of a bot's token."""
    for part in {value, *value.split(",")}:
        if "://" in part:
            address = urlsplit(part.strip())
            yield address.password or ""
            yield from (said for name, said in parse_qsl(address.query) if name in _SECRET_PARAMETERS)
        else:
            yield part.partition(":")[2]


def _spellings(secret: str) -> Iterator[str]:
    """As it is, and as addresses, JSON and Python write it."""
    for plain in {secret, unquote(secret)}:
        yield from (plain, quote(plain, safe=""), quote(plain), json.dumps(plain)[1:-1], repr(plain)[1:-1])
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
