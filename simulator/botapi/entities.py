"""Telegram's HTML: text and entities out of it, refused in the same places and words as Telegram refuses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from simulator.botapi.errors import BadRequestError

_TOKEN = re.compile(r"<[^<>]*>|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);|<|[^<&]+|&")
_TAG = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s+[^<>]*)?)/?>")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "tg-spoiler": "spoiler", "span": "spoiler", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    offset: int
    entity: dict[str, Any]


def units(text: str) -> int:
    """The length of `text` as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def read_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """The text a person sees and its entities; a BadRequestError for what Telegram cannot parse."""
    reader = _Reader()
    for token in _TOKEN.finditer(source):
        reader.take(token.group(), len(source[: token.start()].encode()))
    if reader.open:
        raise _unreadable(f'Can\'t find end tag corresponding to start tag "{reader.open[-1].tag}"')
    return "".join(reader.text), sorted(reader.entities, key=lambda entity: (entity["offset"], -entity["length"]))


class _Reader:
    """What was read so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.entities: list[dict[str, Any]] = []
        self.open: list[_Open] = []
        self._length = 0

    def take(self, token: str, at: int) -> None:
        if not token.startswith("<"):
            shown = unescape(token) if token.endswith(";") and token.startswith("&") else token
            self.text.append(shown)
            self._length += units(shown)
            return
        tag = _TAG.fullmatch(token)
        if tag is None:
            raise _unreadable(f'Unsupported start tag "{token[1:].split(" ", 1)[0]}" at byte offset {at}')
        slash, name, attributes = tag.groups()
        if slash:
            self._close(name.lower(), at)
        else:
            self._begin(name.lower(), attributes, at)

    def _begin(self, tag: str, attributes: str, at: int) -> None:
        if tag not in _KINDS:
            raise _unreadable(f'Unsupported start tag "{tag}" at byte offset {at}')
        given = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(attributes)}
        entity: dict[str, Any] = {"type": _KINDS[tag]}
        if tag == "span" and given.get("class") != "tg-spoiler":
            raise _unreadable(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        if tag == "a":
            entity["url"] = given.get("href", "")
        if tag == "tg-emoji":
            entity["custom_emoji_id"] = given.get("emoji-id", "")
        self.open.append(_Open(tag, self._length, entity))

    def _close(self, tag: str, at: int) -> None:
        if not self.open:
            raise _unreadable(f"Unexpected end tag at byte offset {at}")
        begun = self.open.pop()
        if begun.tag != tag:
            raise _unreadable(f'Unmatched end tag at byte offset {at}, expected "</{begun.tag}>", found "</{tag}>"')
        length = self._length - begun.offset
        if length and (begun.entity["type"] != "text_link" or begun.entity["url"]):
            self.entities.append({**begun.entity, "offset": begun.offset, "length": length})


def _unreadable(why: str) -> BadRequestError:
    return BadRequestError(f"can't parse entities: {why}")
