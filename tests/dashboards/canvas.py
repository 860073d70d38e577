"""Owns the sheet on which a dashboard is drawn: colours, letters, and how values are written."""

import io
import math
from typing import Final

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont, ImageFont, load_default

Colour = str
Box = tuple[float, float, float, float]
Font = FreeTypeFont | ImageFont

GROUND: Final = "#111217"
CARD: Final = "#1b1d23"
LINE: Final = "#34363d"
INK: Final = "#d8d9da"
SOFT: Final = "#8e9098"
COLOURS: Final = {"green": "#299c46", "orange": "#ed8128", "red": "#d44a3a", "blue": "#3274d9"}
"""Grafana's, of its dark theme."""
PALETTE: Final = (
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#37872d", "#fade2a", "#e0b400",
)  # fmt: skip
"""Of lines, in their order."""
THOUSANDS: Final = ((1e9, " G"), (1e6, " M"), (1e3, " k"), (1.0, ""))
BINARY: Final = ((2.0**30, " GiB"), (2.0**20, " MiB"), (2.0**10, " KiB"), (1.0, " B"))
TIMES: Final = ((3600.0, " h"), (60.0, " min"), (1.0, " s"), (0.001, " ms"))


class Canvas:
    """A picture that grows out of rectangles, lines and words."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), GROUND)
        self._ink = ImageDraw.Draw(self._image)
        self._fonts: dict[int, Font] = {}

    def box(self, box: Box, fill: Colour, radius: int = 3) -> None:
        """A filled rectangle."""
        self._ink.rounded_rectangle(box, radius, fill=fill)

    def line(self, points: list[tuple[float, float]], fill: Colour, width: int = 1) -> None:
        """From point to point."""
        if len(points) > 1:
            self._ink.line(points, fill=fill, width=width, joint="curve")

    def dashes(self, left: float, right: float, y: float, fill: Colour) -> None:
        """A dashed line across."""
        for x in range(int(left), int(right), 9):
            self._ink.line([(x, y), (min(x + 5, right), y)], fill=fill)

    def say(self, at: tuple[float, float], text: str, size: int, fill: Colour = INK, anchor: str = "la") -> None:
        """Words; `anchor` is Pillow's, as of the left upper corner."""
        self._ink.text(at, text, fill=fill, font=self._font(size), anchor=anchor)

    def length(self, text: str, size: int) -> float:
        """How wide these words are, in pixels."""
        return self._ink.textlength(text, font=self._font(size))

    def cut(self, text: str, size: int, width: float) -> str:
        """As much of them as fits."""
        while text and self.length(text, size) > width:
            text = text[:-2].rstrip() + "…"
        return text

    def png(self) -> bytes:
        """The picture, in as few colours as it has."""
        file = io.BytesIO()
        self._image.quantize(64).save(file, "PNG", optimize=True)
        return file.getvalue()

    def _font(self, size: int) -> Font:
        if size not in self._fonts:
            self._fonts[size] = load_default(size)
        return self._fonts[size]


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """A value as Grafana writes it in this unit."""
    if not math.isfinite(value):
        return "no number"
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    if unit == "s" and not value:
        return "0 s"
    size, name = scale_of(value, unit)
    return f"{value / size:.3g}{name}{'/s' if unit == 'cps' else ''}"


def scale_of(value: float, unit: str) -> tuple[float, str]:
    """In which larger or smaller unit it is written, and what that is called."""
    scales = {"bytes": BINARY, "s": TIMES}.get(unit, THOUSANDS)
    return next((one for one in scales if abs(value) >= one[0]), scales[-1])
