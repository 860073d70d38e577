"""What a person does with the telephone in their hand, in the shapes in which Telegram passes it on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from simulator.gps import Gps, Point

if TYPE_CHECKING:
    import random

    from simulator.chats import Chats, SeenMessage
    from simulator.people import Employee
    from simulator.updates.queue import Updates

A_DAY = int(timedelta(days=1).total_seconds())


class Exchange(Protocol):
    """What telephones hang on: a simulator, or so much of one that updates come of what people do."""

    chats: Chats
    updates: Updates
    bot: dict[str, Any]

    def chat(self, chat_id: int) -> list[SeenMessage]:
        """The messages of a chat, oldest first."""
        ...


class Telephones:
    """One act of one person at a time; each returns its update_id.

    `at` is when it was sent (now, if not told), `point` where (near the office, if not told).
    """

    def __init__(self, telegram: Exchange, jitter_metres: float, chance: random.Random) -> None:
        self._telegram = telegram
        self._gps = Gps(jitter_metres, chance)
        self._chance = chance

    def say(self, employee: Employee, text: str, *, at: datetime | None = None) -> int:
        """Send a text or a command."""
        content: dict[str, Any] = {"text": text}
        if text.startswith("/"):
            content["entities"] = [{"offset": 0, "length": len(text.split(maxsplit=1)[0]), "type": "bot_command"}]
        return self._send(employee, at, **content)

    def press_start(self, employee: Employee, *, at: datetime | None = None) -> int:
        """Press Start."""
        return self.say(employee, "/start", at=at)

    def send_location(
        self,
        employee: Employee,
        *,
        at: datetime | None = None,
        point: Point | None = None,
        live_period: int | None = None,
        accuracy: float | None = None,
    ) -> int:
        """Press the location button; or, with a `live_period`, share a live location for so many seconds.

        Android does not tell its `accuracy` (metres), unless it is given here.
        """
        location = self._gps.location(employee.office, point, accuracy)
        if accuracy is None and not employee.android:
            location["horizontal_accuracy"] = self._gps.accuracy()
        if live_period is not None:
            return self._send(employee, at, location={**location, "live_period": live_period})
        quoted = self._button_of(employee) if employee.android else None
        return self._send(employee, at, **({} if quoted is None else {"reply_to_message": quoted}), location=location)

    def move(
        self,
        employee: Employee,
        message: SeenMessage,
        point: Point,
        accuracy: float | None = None,
        *,
        at: datetime | None = None,
    ) -> int:
        """Carry the live location of that message elsewhere, by which it is edited. ValueError if it is not live."""
        if "live_period" not in message.raw.get("location", {}):
            raise ValueError(f"message {message.message_id} of {employee.id} is no live location")
        location = self._gps.location(employee.office, point, accuracy)
        location["live_period"] = message.raw["location"]["live_period"]
        return self._telegram.updates.send(
            {"edited_message": {**message.raw, "location": location, "edit_date": _seconds(at)}}
        )

    def forward_location(
        self, employee: Employee, *, of: Employee | None = None, at: datetime | None = None, point: Point | None = None
    ) -> int:
        """Forward a location that somebody sent a day before: they themselves, if not told."""
        sender = employee if of is None else of
        origin = {"type": "user", "sender_user": sender.as_user(), "date": _seconds(at) - A_DAY}
        return self._send(employee, at, forward_origin=origin, location=self._gps.location(sender.office, point))

    def send_venue(self, employee: Employee, *, at: datetime | None = None, point: Point | None = None) -> int:
        """Choose the office from the list of places nearby."""
        location, office = self._gps.location(employee.office, point), employee.office
        venue = {"location": location, "title": office.name, "address": office.address}
        return self._send(employee, at, venue=venue, location=location)

    def send_via_bot(self, employee: Employee, *, at: datetime | None = None, point: Point | None = None) -> int:
        """Let an inline bot send the location, as sure of itself as that bot likes."""
        bot = {"id": 93_372_553, "is_bot": True, "first_name": "Xəritə", "username": "xerite_bot"}
        return self._send(employee, at, via_bot=bot, location=self._gps.location(employee.office, point, 5.0))

    def send_scheduled(self, employee: Employee, *, at: datetime | None = None, point: Point | None = None) -> int:
        """Have Telegram send a location that was scheduled before; nobody need be there."""
        return self._send(employee, at, is_from_offline=True, location=self._gps.location(employee.office, point))

    def send_sticker(self, employee: Employee, *, at: datetime | None = None) -> int:
        """Send a sticker."""
        looks = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "👍"}
        return self._send(employee, at, sticker={**self._file("sticker"), **looks})

    def send_voice(self, employee: Employee, *, at: datetime | None = None) -> int:
        """Say something aloud."""
        return self._send(employee, at, voice={**self._file("voice"), "duration": 3, "mime_type": "audio/ogg"})

    def press_inline(self, employee: Employee, message: SeenMessage, data: str) -> int:
        """Press the button with that data, or with that text, below one of the bot's messages.

        ValueError if there is none; a button that opens a link tells the bot nothing.
        """
        query = {
            "id": str(self._chance.getrandbits(62)),
            "from": employee.as_user(),
            "message": message.raw,
            "chat_instance": str(self._chance.getrandbits(62)),
            "data": message.data_of(data),
        }
        return self._telegram.updates.send({"callback_query": query})

    def _send(self, employee: Employee, at: datetime | None, **content: Any) -> int:  # noqa: ANN401 - what a message has
        chat = self._telegram.chats.add(employee.as_chat())
        message = {
            "message_id": chat.last_id + 1,
            "from": employee.as_user(),
            "chat": employee.as_chat(),
            "date": _seconds(at),
        }
        return self._telegram.updates.send({"message": message | content})

    def _file(self, kind: str) -> dict[str, str]:
        number = self._chance.getrandbits(62)
        return {"file_id": f"{kind}-{number}", "file_unique_id": str(number)}

    def _button_of(self, employee: Employee) -> dict[str, Any] | None:
        """The bot's last message with a reply keyboard, as Android quotes it."""
        for message in reversed(self._telegram.chat(employee.id)):
            if message.from_bot and message.markup is not None and "keyboard" in message.markup:
                return {name: value for name, value in message.raw.items() if name != "reply_to_message"}
        return None


def _seconds(at: datetime | None) -> int:
    return int((at or datetime.now(UTC)).timestamp())
