"""Updates that nobody sends who means well: past the ingress they may still come, and a worker must stand them."""

import json
from typing import Any

DATE = 1_795_471_200
BIG = 2**80


def update(number: int, person: int = 7, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """A message in a private chat; `fields` come on top of the usual ones."""
    user = {"id": person, "is_bot": False, "first_name": "X"}
    chat = {"id": person, "type": "private"}
    usual = {"message_id": 1, "date": DATE, "chat": chat, "from": user}
    return {"update_id": number, "message": {**usual, **fields}}


def _user(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"from": {"id": 7, "is_bot": False, "first_name": "X", **fields}}


def _chat(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"chat": {"id": 7, "type": "private", **fields}}


def _raw(text: str) -> bytes:
    """A message whose text is written exactly so."""
    return json.dumps(update(1, text="@")).encode().replace(b'"@"', text.encode())


def _press(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    query = {"id": "1", **_user(), "message": update(1)["message"], "chat_instance": "1", "data": "undo:1:2"}
    return {"update_id": 1, "callback_query": {**query, **fields}}


POINT = {"latitude": 40.4, "longitude": 49.8}
HANDLED: dict[str, dict[str, Any] | bytes] = {
    "NUL in a text": update(1, text="a\x00b"),
    "NUL alone": update(1, text="\x00"),
    "NUL in a command": update(1, text="/start\x00x", entities=[{"type": "bot_command", "offset": 0, "length": 6}]),
    "NUL in a command's word": update(
        1, text="/correct \x00 2026", entities=[{"type": "bot_command", "offset": 0, "length": 8}]
    ),
    "NUL in a correction's reason": update(
        1,
        text="/correct 2026-11-23 09:00-18:00 so\x00so",
        entities=[{"type": "bot_command", "offset": 0, "length": 8}],
    ),
    "NUL in names": update(1, **_user(first_name="\x00", last_name="a\x00", username="b\x00", language_code="az\x00")),
    "NUL in a key": {**update(1), "te\x00xt": "a"},
    "NUL in a button's data": _press(data="undo:\x00:2"),
    "NUL as text that looks escaped": update(1, text="a\\u0000b"),
    "a text of half a mebibyte": update(1, text="x" * 500_000),
    "a name of half a mebibyte": update(1, **_user(first_name="x" * 500_000)),
    "right-to-left and zero-width": update(1, **_user(first_name="\u202e\u200b\ufeff")),
    "latitude 91": update(1, location={"latitude": 91.0, "longitude": 0.0}),
    "longitude 1e308": update(1, location={"latitude": 0.0, "longitude": 1e308}),
    "a location of nowhere": update(1, location={"latitude": 0.0, "longitude": 0.0}),
    "an accuracy below nothing": update(1, location={**POINT, "horizontal_accuracy": -1.0}),
    "an accuracy beyond the world": update(1, location={**POINT, "horizontal_accuracy": 1e300}),
    "a live location for ever": update(1, location={**POINT, "live_period": 2**31}),
    "the largest person": update(1, person=2**52 - 1, text="x"),
    "a person of 63 bits": update(1, person=2**63 - 1, text="x"),
    "a person below nothing": update(1, person=-5, text="x"),
    "an edit at the largest moment": {
        "update_id": 1,
        "edited_message": {**update(1)["message"], "location": POINT, "edit_date": 2**31 - 1},
    },
    "an edit beyond all calendars": {
        "update_id": 1,
        "edited_message": {**update(1)["message"], "location": POINT, "edit_date": 10**17},
    },
    "a button's data of numbers without end": _press(data="undo:" + "9" * 5000 + ":1"),
    "a button's data that is nothing": _press(data=":::::"),
    "a press on nothing": _press(message=None),
    "an entity beyond the text": update(1, text="/me", entities=[{"type": "bot_command", "offset": 0, "length": 9999}]),
    "an entity before the text": update(1, text="/me", entities=[{"type": "bot_command", "offset": -5, "length": 3}]),
    "a message that nobody sent": {"update_id": 1, "message": {**update(1)["message"], "from": None}},
    "a date of 1970": update(1, date=0, location=POINT),
    "a date in the year 3000": update(1, date=32_503_680_000, location=POINT),
    "a date in the year 9999": update(1, date=253_402_300_799, location=POINT),
}
"""Have their effect, or none: people are not refused for what a client of theirs does to a text."""

REFUSED: dict[str, dict[str, Any] | bytes] = {
    "a person of 80 bits": update(1, person=BIG, text="x"),
    "a person of 64 bits": update(1, person=2**64, text="x"),
    "a chat of 80 bits": update(1, **_chat(id=BIG), text="x"),
    "an id of 80 bits": {**update(1), "update_id": BIG},
    "a message of 80 bits": update(1, message_id=BIG, location=POINT),
    "an id of text": {**update(1), "update_id": "one"},
    "a person of a million digits": json.dumps(update(1)).encode().replace(b'"id": 7', b'"id": ' + b"9" * 1_000_000),
    "a date of 80 bits": update(1, date=BIG, location=POINT),
    "a date before there were any": update(1, date=-(10**14), location=POINT),
    "a message of 100,000 levels": _raw("[" * 100_000 + "]" * 100_000),
    "a lone surrogate": _raw('"\\ud800"'),
    "bytes that are no UTF-8": json.dumps(update(1, text="@")).encode().replace(b"@", b"\xff"),
    "not a number": _raw("NaN"),
    "without end": _raw("Infinity"),
    "a location of text": update(1, location={"latitude": "north", "longitude": "x"}),
    "a latitude beyond all": json.dumps(update(1, location=POINT)).encode().replace(b"40.4", b"1e400"),
    "nothing": b"",
    "a list": b"[]",
    "a NUL byte": b"\x00",
    "a raw NUL in a text": b'{"update_id":1,"message":"\x00"}',
}
"""Go to the dead letters with the reason, at the first try."""
