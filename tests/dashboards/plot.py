"""Owns where a moment and a value lie in a panel's picture, and the scales beside them."""

from dataclasses import dataclass
from typing import Final

from tests.dashboards.canvas import LINE, SOFT, Box, Canvas, written

SMALL: Final = 11
GRID: Final = 4
"""Steps of a vertical axis."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel's place: where it begins and ends, and what time it shows."""

    box: Box
    span: tuple[float, float]


def axes(canvas: Canvas, plot: Box, top_value: float, unit: str, span: tuple[float, float]) -> None:
    for step in range(GRID + 1):
        y = y_of(plot, step / GRID)
        canvas.line([(plot[0], y), (plot[2], y)], LINE)
        canvas.say((plot[0] - 6, y), written(top_value * step / GRID, unit), SMALL, SOFT, "rm")
    times(canvas, plot, span)


def times(canvas: Canvas, plot: Box, span: tuple[float, float]) -> None:
    """The clock of the place where it is drawn would tell nothing: seconds since the beginning."""
    length = span[1] - span[0]
    step = 30 if plot[2] - plot[0] > 300 else 60
    for second in range(0, int(length) + 1, step):
        x = x_of(plot, span, span[0] + second)
        canvas.say((x, plot[3] + 5), f"{second // 60}:{second % 60:02}", SMALL, SOFT, "ma")


def x_of(plot: Box, span: tuple[float, float], moment: float) -> float:
    return plot[0] + (moment - span[0]) / (span[1] - span[0]) * (plot[2] - plot[0])


def y_of(plot: Box, share: float) -> float:
    return plot[3] - share * (plot[3] - plot[1])
