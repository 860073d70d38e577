"""A conversation as bubbles on a telephone. Everything people or bots wrote is escaped."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from simulator.chats import Chat, SeenMessage

LATEST_MESSAGES = 4
PIN = (
    '<svg viewBox="0 0 24 32" width="20" height="27"><path fill="#d64550" d="M12 0a12 12 0 0 0-12 12c0 8 12 20 12 20'
    's12-12 12-20a12 12 0 0 0-12-12z"/><circle cx="12" cy="12" r="5" fill="#fff"/></svg>'
)
"""Drawn, since not every machine has a font for it."""
BAKU = ZoneInfo("Asia/Baku")


def draw(chat: Chat) -> str:
    """One telephone: who it is, and the end of the conversation."""
    name = " ".join(part for part in (chat.info.get("first_name"), chat.info.get("last_name")) if part)
    name = name or str(chat.info.get("title", chat.id))
    bubbles = [_bubble(message) for message in list(chat.messages.values())[-LATEST_MESSAGES:]]
    return (
        f'<article class="phone"><header><i>{escape(name[:1])}</i><b>{escape(name)}</b>'
        f"<small>{chat.id}</small></header>{''.join(bubbles)}</article>"
    )


def _bubble(message: SeenMessage) -> str:
    side = "bot" if message.from_bot else "person"
    date = datetime.fromtimestamp(message.raw.get("date", 0), BAKU)
    edited = "edited " if message.edited else ""
    said = f"{_content(message)}<time>{edited}{date:%H:%M:%S}</time>"
    return f'<div class="bubble {side}">{said}</div>{_buttons(message.markup, message.pressed)}'


def _content(message: SeenMessage) -> str:
    location = message.raw.get("location")
    if location is not None:
        return f'<div class="map">{PIN}</div>{location["latitude"]:.5f}, {location["longitude"]:.5f}'
    text = escape(message.text).replace("\n", "<br>")
    if "document" in message.raw:
        text = f"📄 {escape(str(message.raw['document'].get('file_name', 'file')))}<br>{text}"
    if "photo" in message.raw:
        text = f"🖼 <br>{text}"
    return text or "<em>something else</em>"


def _buttons(markup: dict[str, Any] | None, pressed: list[str]) -> str:
    rows = (markup or {}).get("inline_keyboard") or (markup or {}).get("keyboard") or []
    buttons = [button if isinstance(button, dict) else {"text": str(button)} for row in rows for button in row]
    return "".join(
        f'<span class="button{" pressed" if button.get("callback_data") in pressed else ""}">'
        f"{escape(button.get('text', ''))}</span>"
        for button in buttons
    )
