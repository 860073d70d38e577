"""Owns the description of the objects that the fleet's calls contain, written from https://core.telegram.org/bots/api."""

from __future__ import annotations

from typing import Final

from simulator.botapi.kinds import Flag, Kind, Many, OneOf, Text, Thing, Undescribed, Whole
from simulator.botapi.rules import at_least_one, at_most_one

Fields = dict[str, Kind]

TEXT: Final = Text()
FLAG: Final = Flag()
WHOLE: Final = Whole()
MESSAGE_ID: Final = Whole(least=1)
CHAT: Final = OneOf((Whole(), Text(pattern=r"@\w+")))
MODE: Final = Text(among=frozenset({"HTML", "MarkdownV2", "Markdown"}))
PLACEHOLDER: Final = Text(1, 64)
COLOUR: Final = Text(among=frozenset({"danger", "success", "primary"}))

ENTITY: Final = Thing(
    "MessageEntity",
    {"type": TEXT, "offset": Whole(least=0), "length": Whole(least=1)},
    {
        "url": TEXT,
        "user": Undescribed("User"),
        "language": TEXT,
        "custom_emoji_id": TEXT,
        "unix_time": WHOLE,
        "date_time_format": TEXT,
    },
)
LINK_PREVIEW: Final = Thing(
    "LinkPreviewOptions",
    optional={
        "is_disabled": FLAG,
        "url": TEXT,
        "prefer_small_media": FLAG,
        "prefer_large_media": FLAG,
        "show_above_text": FLAG,
    },
)
REPLY: Final = Thing(
    "ReplyParameters",
    {"message_id": MESSAGE_ID},
    {
        "chat_id": CHAT,
        "allow_sending_without_reply": FLAG,
        "quote": Text(0, 1024),
        "quote_parse_mode": MODE,
        "quote_entities": Many(ENTITY),
        "quote_position": Whole(least=0),
        "checklist_task_id": WHOLE,
        "poll_option_id": TEXT,
    },
)

_INLINE: Final[Fields] = {
    "url": TEXT,
    "callback_data": Text(1, 64, in_bytes=True),
    "web_app": Undescribed("WebAppInfo"),
    "login_url": Undescribed("LoginUrl"),
    "switch_inline_query": TEXT,
    "switch_inline_query_current_chat": TEXT,
    "switch_inline_query_chosen_chat": Undescribed("SwitchInlineQueryChosenChat"),
    "copy_text": Undescribed("CopyTextButton"),
    "callback_game": Undescribed("CallbackGame"),
    "pay": FLAG,
}
_LOOKS: Final[Fields] = {"icon_custom_emoji_id": TEXT, "style": COLOUR}
INLINE_BUTTON: Final = Thing(
    "InlineKeyboardButton",
    {"text": Text(1)},
    {**_LOOKS, **_INLINE},
    (at_most_one(frozenset(_INLINE)), at_least_one(frozenset(_INLINE))),
)
INLINE_KEYBOARD: Final = Thing("InlineKeyboardMarkup", {"inline_keyboard": Many(Many(INLINE_BUTTON, most=8))})

_REQUESTS: Final[Fields] = {
    "request_users": Undescribed("KeyboardButtonRequestUsers"),
    "request_chat": Undescribed("KeyboardButtonRequestChat"),
    "request_managed_bot": Undescribed("KeyboardButtonRequestManagedBot"),
    "request_contact": FLAG,
    "request_location": FLAG,
    "request_poll": Undescribed("KeyboardButtonPollType"),
    "web_app": Undescribed("WebAppInfo"),
}
BUTTON: Final = Thing(
    "KeyboardButton", {"text": Text(1)}, {**_LOOKS, **_REQUESTS}, (at_most_one(frozenset(_REQUESTS)),)
)
KEYBOARD: Final = Thing(
    "ReplyKeyboardMarkup",
    {"keyboard": Many(Many(BUTTON))},
    {
        "is_persistent": FLAG,
        "resize_keyboard": FLAG,
        "one_time_keyboard": FLAG,
        "input_field_placeholder": PLACEHOLDER,
        "selective": FLAG,
    },
)
REMOVE: Final = Thing("ReplyKeyboardRemove", {"remove_keyboard": Flag(only_true=True)}, {"selective": FLAG})
FORCE_REPLY: Final = Thing(
    "ForceReply", {"force_reply": Flag(only_true=True)}, {"input_field_placeholder": PLACEHOLDER, "selective": FLAG}
)
COMMAND: Final = Thing("BotCommand", {"command": Text(1, 32, pattern="[a-z0-9_]+"), "description": Text(1, 256)})
OBJECTS: Final = (
    *(ENTITY, LINK_PREVIEW, REPLY, INLINE_BUTTON, INLINE_KEYBOARD),
    *(BUTTON, KEYBOARD, REMOVE, FORCE_REPLY, COMMAND),
)
