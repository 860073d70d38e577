"""Owns the picture of a month: a bar of hours for each day. Pure; only digits and signs are written, no words."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]

PAPER: Final[Colour] = (255, 255, 255)
OFF: Final[Colour] = (232, 234, 237)
GRID: Final[Colour] = (205, 209, 214)
INK: Final[Colour] = (95, 99, 104)
ON_TIME: Final[Colour] = (67, 160, 71)
LATE: Final[Colour] = (251, 140, 0)
RUNNING: Final[Colour] = (165, 214, 167)
ABSENT: Final[Colour] = (229, 57, 53)
FORGOTTEN: Final[Colour] = (142, 36, 170)
TODAY: Final[Colour] = (25, 118, 210)

_HEIGHT: Final = 460
_LEFT: Final = 44
_RIGHT: Final = 14
_TOP: Final = 40
_BOTTOM: Final = 44
_COLUMN: Final = 27
"""Pixels: of the picture, of its margins, and of a day; a telephone shows it some 400 points wide."""
_FONT: Final = 16
_MARK: Final = 22
_LEAST_HOURS: Final = 8
_STEP: Final = 2
"""Hours: the scale reaches this high at least, and has a line every so many."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the picture.

    Attributes:
        worked: the height of the bar.
        running: what is added on top while somebody is at work still.
        late: the bar is of another colour.
        absent, forgotten: a cross below, a question mark above.
    """

    day: date
    off: bool = False
    worked: timedelta = timedelta()
    running: timedelta = timedelta()
    late: bool = False
    absent: bool = False
    forgotten: bool = False


def picture(bars: Sequence[Bar], today: date | None = None) -> bytes:
    """The days from left to right, as a PNG; today's number is marked."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - 7 MiB that a worker need not hold before somebody asks

    size = (_LEFT + _COLUMN * len(bars) + _RIGHT, _HEIGHT)
    image = Image.new("RGB", size, PAPER)
    _Sheet(ImageDraw.Draw(image), bars).draw(today)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class _Sheet:
    def __init__(self, ink: "ImageDraw", bars: Sequence[Bar]) -> None:
        from PIL.ImageFont import load_default  # noqa: PLC0415 - as above

        self._ink = ink
        self._bars = bars
        self._small, self._large = load_default(_FONT), load_default(_MARK)
        longest = max((bar.worked + bar.running for bar in bars), default=timedelta())
        self._hours = max(_LEAST_HOURS, -(-longest // _HOUR // _STEP) * _STEP)

    def draw(self, today: date | None) -> None:
        """Draw the ground first, since what stands on it covers it."""
        for number, bar in enumerate(self._bars):
            if bar.off:
                self._box(number, self._y(timedelta(hours=self._hours)), self._y(timedelta()), OFF, gap=0)
        self._scale()
        for number, bar in enumerate(self._bars):
            self._bar(number, bar)
            self._number(number, bar.day, today=bar.day == today)

    def _scale(self) -> None:
        right = _LEFT + _COLUMN * len(self._bars)
        for hours in range(0, self._hours + 1, _STEP):
            y = self._y(timedelta(hours=hours))
            self._ink.line([(_LEFT, y), (right, y)], fill=GRID if hours else INK)
            self._ink.text((_LEFT - 8, y), str(hours), fill=INK, font=self._small, anchor="rm")

    def _bar(self, number: int, bar: Bar) -> None:
        ground, counted, top = (self._y(length) for length in (timedelta(), bar.worked, bar.worked + bar.running))
        if bar.running:
            self._box(number, top, counted, RUNNING)
        if bar.worked:
            self._box(number, counted, ground, LATE if bar.late else ON_TIME)
        elif bar.late:  # nothing is counted yet, but how the day began is known
            self._box(number, ground - 4, ground, LATE)
        middle = self._x(number) + _COLUMN // 2
        if bar.forgotten:
            self._ink.text((middle, top - 4), "?", fill=FORGOTTEN, font=self._large, anchor="mb")
        if bar.absent:
            half, y = _COLUMN // 4, ground - _COLUMN // 2
            self._ink.line([(middle - half, y - half), (middle + half, y + half)], fill=ABSENT, width=3)
            self._ink.line([(middle - half, y + half), (middle + half, y - half)], fill=ABSENT, width=3)

    def _number(self, number: int, day: date, *, today: bool) -> None:
        middle, y = self._x(number) + _COLUMN // 2, _HEIGHT - _BOTTOM // 2
        if today:
            box = (self._x(number) + 1, y - _FONT + 2, self._x(number) + _COLUMN - 2, y + _FONT - 2)
            self._ink.rounded_rectangle(box, radius=6, fill=TODAY)
        self._ink.text((middle, y), str(day.day), fill=PAPER if today else INK, font=self._small, anchor="mm")

    def _box(self, number: int, top: int, bottom: int, colour: Colour, gap: int = 4) -> None:
        left = self._x(number) + gap
        right = self._x(number) + _COLUMN - 1 - gap
        self._ink.rectangle((left, min(top, bottom - 1), right, bottom - 1), fill=colour)

    def _x(self, number: int) -> int:
        return _LEFT + _COLUMN * number

    def _y(self, length: timedelta) -> int:
        """How far down the picture so many hours end."""
        ground = _HEIGHT - _BOTTOM
        return ground - round(length / (self._hours * _HOUR) * (ground - _TOP))
