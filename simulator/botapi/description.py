"""Owns a description of the Bot API's methods that the fleet calls.

Written from https://core.telegram.org/bots/api (10.1): names, kinds, what must be there, limits. It shares nothing with
the library that the fleet makes its calls with, so that the two can be compared.
"""

from __future__ import annotations

from typing import Final

from simulator.botapi.kinds import Many, OneOf, Text, Thing, Undescribed, Upload, Whole
from simulator.botapi.objects import (
    CHAT,
    COMMAND,
    ENTITY,
    FLAG,
    FORCE_REPLY,
    INLINE_KEYBOARD,
    KEYBOARD,
    LINK_PREVIEW,
    MESSAGE_ID,
    MODE,
    REMOVE,
    REPLY,
    TEXT,
    WHOLE,
    Fields,
)
from simulator.botapi.rules import at_least_one, visible

_SENDING: Final[Fields] = {
    "business_connection_id": TEXT,
    "message_thread_id": WHOLE,
    "direct_messages_topic_id": WHOLE,
    "parse_mode": MODE,
    "disable_notification": FLAG,
    "protect_content": FLAG,
    "allow_paid_broadcast": FLAG,
    "message_effect_id": TEXT,
    "suggested_post_parameters": Undescribed("SuggestedPostParameters"),
    "reply_parameters": REPLY,
    "reply_markup": OneOf((INLINE_KEYBOARD, KEYBOARD, REMOVE, FORCE_REPLY)),
}
_CAPTION: Final[Fields] = {"caption": TEXT, "caption_entities": Many(ENTITY)}
_CAPTION_LENGTH: Final = visible("caption", "parse_mode", 0, 1024)
_TEXT_LENGTH: Final = visible("text", "parse_mode", 1, 4096)
FILE: Final = OneOf((Upload(), Text(1)))

METHODS: Final = {
    method.label: method
    for method in (
        Thing(
            "sendMessage",
            {"chat_id": CHAT, "text": TEXT},
            {**_SENDING, "entities": Many(ENTITY), "link_preview_options": LINK_PREVIEW},
            (_TEXT_LENGTH,),
        ),
        Thing(
            "sendDocument",
            {"chat_id": CHAT, "document": FILE},
            {**_SENDING, **_CAPTION, "thumbnail": FILE, "disable_content_type_detection": FLAG},
            (_CAPTION_LENGTH,),
        ),
        Thing(
            "sendPhoto",
            {"chat_id": CHAT, "photo": FILE},
            {**_SENDING, **_CAPTION, "show_caption_above_media": FLAG, "has_spoiler": FLAG},
            (_CAPTION_LENGTH,),
        ),
        Thing(
            "editMessageText",
            {},
            {
                "business_connection_id": TEXT,
                "chat_id": CHAT,
                "message_id": MESSAGE_ID,
                "inline_message_id": TEXT,
                "text": TEXT,
                "parse_mode": MODE,
                "entities": Many(ENTITY),
                "link_preview_options": LINK_PREVIEW,
                "rich_message": Undescribed("InputRichMessage"),
                "reply_markup": INLINE_KEYBOARD,
            },
            (
                _TEXT_LENGTH,
                at_least_one(frozenset({"text", "rich_message"})),
                at_least_one(frozenset({"chat_id", "inline_message_id"})),
                at_least_one(frozenset({"message_id", "inline_message_id"})),
            ),
        ),
        Thing(
            "answerCallbackQuery",
            {"callback_query_id": Text(1)},
            {"text": Text(0, 200), "show_alert": FLAG, "url": TEXT, "cache_time": Whole(least=0)},
        ),
        Thing(
            "setMyCommands",
            {"commands": Many(COMMAND, most=100)},
            {"scope": Undescribed("BotCommandScope"), "language_code": Text(pattern="[a-z]{2}|")},
        ),
        Thing(
            "setWebhook",
            {"url": TEXT},
            {
                "certificate": Undescribed("InputFile"),
                "ip_address": TEXT,
                "max_connections": Whole(1, 100),
                "allowed_updates": Many(TEXT),
                "drop_pending_updates": FLAG,
                "secret_token": Text(1, 256, pattern="[A-Za-z0-9_-]+"),
            },
        ),
        Thing("deleteWebhook", {}, {"drop_pending_updates": FLAG}),
        Thing(
            "getUpdates",
            {},
            {"offset": WHOLE, "limit": Whole(1, 100), "timeout": Whole(least=0), "allowed_updates": Many(TEXT)},
        ),
        Thing("getMe"),
        Thing("getWebhookInfo"),
    )
}
