"""Owns what passes between the worker that is asked for a file and the process that makes it."""

from typing import Final, Literal

import msgspec

from shared.contracts import Message

MADE: Final = "made.json"
"""The name under which the process leaves `Made` in its folder."""


class ReportRequest(Message, frozen=True, kw_only=True):
    """Asks for a file, in the queue `reports`.

    `user_id` asked, in their chat with the bot, by the update `update_id`, at `asked_at` (unix seconds). `zone` is
    theirs, by the tz database; `scope` says whom they see (`oversight.scope`). Of a month (`YYYY-MM`): `office_id`
    leaves out who does not work there.
    """

    kind: Literal["month", "mydata"]
    update_id: int
    user_id: int
    language: str
    zone: str
    asked_at: float
    scope: int | None
    month: str = ""
    office_id: int | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: the file's name in the folder, whose data it shows, its rows, and the most memory that it took.

    `people` are to be written down as looked at; nobody where somebody looks at what is their own.
    """

    file: str
    people: list[int]
    rows: int
    peak_mib: int = 0
