"""Owns the roll in words: a message that fits a telephone, and the buttons that turn its pages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from checkin_worker.fence import Fence
from checkin_worker.keyboards import inline
from checkin_worker.replies import duration
from checkin_worker.roll import Line, Roll
from shared.texts import Texts

NOW: Final = "now"
"""What the data of the buttons begins with: `now:<whom>:<page>`, the page from 0."""
WHOM: Final = ("all", "in", "late", "missing")
BACK: Final = "◀"
ON: Final = "▶"
"""The labels of the buttons to the page before and the one after."""
_NAME: Final = 40
"""Characters of a name that are shown in a list."""


def short(name: str) -> str:
    """The name, cut where it is too long for a list."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


class RollCall:
    """Tells a roll to somebody, in their language; other people's clocks are named where they differ from `zone`."""

    def __init__(self, texts: Texts, zone: ZoneInfo) -> None:
        self._texts = texts
        self._zone = zone

    def text(self, roll: Roll) -> str:
        """When this is true, how many there are of each, and a paragraph for each person on the page."""
        moment = roll.asked.moment.astimezone(self._zone)
        lines = [
            self._texts.say("now-title", date=moment.date(), time=f"{moment:%H:%M:%S}"),
            self._texts.say("now-counts", **roll.counts),
            "",
            *(said for line in roll.lines for said in self._person(line)),
        ]
        if not roll.lines:
            lines.append(self._texts.say("now-nobody"))
        if any(line.flagged for line in roll.lines):
            lines += ["", self._texts.say("now-flags")]
        return "\n".join(lines)

    def buttons(self, roll: Roll) -> InlineKeyboardMarkup:
        """Whom to show, the pages around this one if there are any, and the same anew."""
        whom = [(self._label(each, roll.asked.whom), f"{NOW}:{each}:0") for each in WHOM]
        here = f"{NOW}:{roll.asked.whom}"
        pages = [(BACK, f"{here}:{roll.page - 1}")] if roll.page else []
        pages += [(f"{roll.page + 1}/{roll.pages}", f"{here}:{roll.page}")] if roll.pages > 1 else []
        pages += [(ON, f"{here}:{roll.page + 1}")] if roll.page + 1 < roll.pages else []
        again = [(self._texts.say("now-button-again"), f"{here}:{roll.page}")]
        return inline(*filter(None, (whom[:2], whom[2:], pages, again)))

    def _label(self, whom: str, shown: str) -> str:
        label = self._texts.say(f"now-button-{whom}")
        return f"• {label}" if whom == shown else label

    def _person(self, line: Line) -> Iterator[str]:
        due = None if line.crew.shift is None else line.crew.shift.starts
        said = self._texts.say(
            f"now-{line.state}",
            name=short(line.name),
            arrived=self._clock(line.arrived, line),
            left=self._clock(line.left, line),
            due=self._clock(due, line),
        )
        if line.late:
            by = duration(self._texts, line.late)
            said += " · " + self._texts.say("now-excused" if line.excused else "now-late", by=by)
        yield said
        yield from (f"    {remark}" for remark in self._remarks(line))

    def _remarks(self, line: Line) -> Iterator[str]:
        if line.came in (Fence.OUTSIDE, Fence.UNCERTAIN):
            yield self._texts.say(f"now-came-{line.came}")
        if line.gone in (Fence.OUTSIDE, Fence.UNCERTAIN):
            yield self._texts.say(f"now-gone-{line.gone}")
        if line.forgotten:
            yield self._texts.say("now-forgotten", date=line.forgotten)
        if line.same_point:
            yield self._texts.say("now-same-point")
        if line.others:
            yield self._texts.say("now-others", people=line.others)
        if line.speed is not None:
            yield self._texts.say("now-speed", speed=round(line.speed))

    def _clock(self, moment: datetime | None, line: Line) -> str:
        """The moment on the person's clock; nothing for none."""
        if moment is None:
            return ""
        local = moment.astimezone(line.crew.calendar.zone)
        elsewhere = local.utcoffset() != moment.astimezone(self._zone).utcoffset()
        return f"{local:%H:%M} ({local:UTC%z})" if elsewhere else f"{local:%H:%M}"
