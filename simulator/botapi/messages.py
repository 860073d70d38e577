"""The message-producing methods, with every rule by which Telegram refuses them."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from aiogram.types import BufferedInputFile

from simulator.botapi.entities import read_html, units
from simulator.botapi.errors import BadRequestError, EntityTooLargeError
from simulator.botapi.markup import read_markup
from simulator.chats import Chat, Chats, SeenMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiogram.methods import EditMessageText, SendDocument, SendMessage, SendPhoto

    from simulator.botapi.absence import Absence

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_DOCUMENT = 50 * 1024 * 1024
MAX_PHOTO = 10 * 1024 * 1024
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How a PNG and a JPEG begin."""


class Messages:
    """Sends and edits, as `bot`, in `chats`; the results are Message objects of the Bot API."""

    def __init__(
        self,
        chats: Chats,
        bot: Mapping[str, Any],
        absence_of: Callable[[int], Absence | None],
        clock: Callable[[], float],
    ) -> None:
        self._chats = chats
        self._bot = bot
        self._absence_of = absence_of
        self._clock = clock
        self._files = 0

    def send_text(self, method: SendMessage) -> dict[str, Any]:
        """Answer sendMessage."""
        chat = self._chat(method.chat_id)
        text, entities = _read_text(method.text, method.parse_mode, method.entities)
        _check_text(text)
        content: dict[str, Any] = {"text": text}
        if entities:
            content["entities"] = entities
        return self._send(chat, method, content)

    def send_document(self, method: SendDocument) -> dict[str, Any]:
        """Answer sendDocument."""
        chat = self._chat(method.chat_id)
        upload = _upload(method.document)
        if len(upload.data) > MAX_DOCUMENT:
            raise EntityTooLargeError("Request Entity Too Large")
        file = self._describe(upload, "document")
        if (name := upload.filename) is not None:
            file |= {"file_name": name, "mime_type": mimetypes.guess_type(name)[0] or "application/octet-stream"}
        return self._send(chat, method, {"document": file, **_caption(method)}, upload.data)

    def send_photo(self, method: SendPhoto) -> dict[str, Any]:
        """Answer sendPhoto."""
        chat = self._chat(method.chat_id)
        upload = _upload(method.photo)
        if len(upload.data) > MAX_PHOTO:
            raise BadRequestError("file is too big for a photo; the maximum size is 10485760 bytes")
        if not upload.data.startswith(IMAGES):
            raise BadRequestError("IMAGE_PROCESS_FAILED")
        photo = {**self._describe(upload, "photo"), "width": 800, "height": 600}
        return self._send(chat, method, {"photo": [photo], **_caption(method)}, upload.data)

    def edit_text(self, method: EditMessageText) -> dict[str, Any]:
        """Answer editMessageText."""
        chat = self._chat(method.chat_id)
        text, entities = _read_text(method.text or "", method.parse_mode, method.entities)
        _check_text(text)
        markup = read_markup(method.reply_markup, chat)
        message = _editable(chat, method.message_id)
        if (text, entities, markup) == (message.text, message.raw.get("entities", []), message.markup):
            raise BadRequestError(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        raw = {name: value for name, value in message.raw.items() if name not in ("entities", "reply_markup")}
        raw |= {"text": text, "edit_date": int(self._clock())}
        if entities:
            raw["entities"] = entities
        if markup is not None:
            raw["reply_markup"] = markup
        message.raw, message.markup, message.edits = raw, markup, message.edits + 1
        chat.keep(message)
        return raw

    def _chat(self, chat_id: int | str | None) -> Chat:
        if isinstance(chat_id, int) and (absence := self._absence_of(chat_id)) is not None:
            raise absence.refusal()
        return self._chats.find(chat_id)

    def _send(
        self,
        chat: Chat,
        method: SendMessage | SendDocument | SendPhoto,
        content: dict[str, Any],
        file: bytes | None = None,
    ) -> dict[str, Any]:
        markup = read_markup(method.reply_markup, chat)
        replied = _replied(chat, method)
        raw: dict[str, Any] = {"message_id": chat.next_id(), "from": self._bot, "chat": chat.info}
        raw["date"] = int(self._clock())
        if replied is not None:
            raw["reply_to_message"] = {k: v for k, v in replied.raw.items() if k != "reply_to_message"}
        raw |= content
        message = SeenMessage(raw, from_bot=True, markup=markup, file=file)
        if message.inline:
            raw["reply_markup"] = markup
        chat.keep(message)
        return raw

    def _describe(self, file: BufferedInputFile, kind: str) -> dict[str, Any]:
        self._files += 1
        return {"file_id": f"{kind}-{self._files}", "file_unique_id": f"u{self._files}", "file_size": len(file.data)}


def _upload(file: object) -> BufferedInputFile:
    if not isinstance(file, BufferedInputFile):
        raise BadRequestError("wrong remote file identifier specified: the simulator takes uploaded files only")
    if not file.data:
        raise BadRequestError("file must be non-empty")
    return file


def _read_text(source: str, parse_mode: object, entities: list[Any] | None) -> tuple[str, list[dict[str, Any]]]:
    """The text without white space around it, and its entities, moved accordingly."""
    mode = parse_mode.lower() if isinstance(parse_mode, str) else ""
    if mode not in ("", "html"):
        raise BadRequestError("unsupported parse_mode: the simulator reads HTML only")
    if mode:
        text, found = read_html(source)
    else:
        text, found = source, [entity.model_dump(mode="json", exclude_none=True) for entity in entities or []]
    cut = units(text) - units(text.lstrip())
    text = text.strip()
    for entity in found:
        end = min(entity["offset"] + entity["length"] - cut, units(text))
        entity["offset"] = max(entity["offset"] - cut, 0)
        entity["length"] = end - entity["offset"]
    return text, [entity for entity in found if entity["length"] > 0]


def _check_text(text: str) -> None:
    if not text:
        raise BadRequestError("message text is empty")
    if units(text) > MAX_TEXT:
        raise BadRequestError("message is too long")


def _caption(method: SendDocument | SendPhoto) -> dict[str, Any]:
    text, entities = _read_text(method.caption or "", method.parse_mode, method.caption_entities)
    if units(text) > MAX_CAPTION:
        raise BadRequestError("message caption is too long")
    caption: dict[str, Any] = {"caption": text} if text else {}
    if entities:
        caption["caption_entities"] = entities
    return caption


def _editable(chat: Chat, message_id: int | None) -> SeenMessage:
    if message_id is None:
        raise BadRequestError("message identifier is not specified")
    message = chat.messages.get(message_id)
    if message is None:
        raise BadRequestError("message to edit not found")
    if not message.editable:
        raise BadRequestError("message can't be edited")
    if "text" not in message.raw:
        raise BadRequestError("there is no text in the message to edit")
    return message


def _replied(chat: Chat, method: SendMessage | SendDocument | SendPhoto) -> SeenMessage | None:
    wanted = method.reply_parameters
    message_id = method.reply_to_message_id if wanted is None else wanted.message_id
    if message_id is None:
        return None
    lenient = method.allow_sending_without_reply if wanted is None else wanted.allow_sending_without_reply
    if message_id not in chat.messages and lenient is not True:
        raise BadRequestError("message to be replied not found")
    return chat.messages.get(message_id)
