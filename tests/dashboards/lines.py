"""Draws a panel of lines: what a query brought over time, its limits, and its legend."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

from tests.dashboards.canvas import COLOURS, PALETTE, SOFT, Canvas, scale_of
from tests.dashboards.grafana import Answer
from tests.dashboards.panels import Panel
from tests.dashboards.plot import SMALL, Frame, axes, x_of, y_of
from tests.dashboards.prometheus import Point, Series

TOP: Final = 30
AXIS: Final = 52
FOOT: Final = 22
LEGEND: Final = 16
"""Pixels around the lines: the title, the values, the times, and each line of the legend."""
BETWEEN: Final = 30
"""Pixels for a legend's mark and the room beside it."""
LINES_OF_LEGEND: Final = 3
WORTH_SHOWING: Final = 3
"""A limit so many times higher than everything would press the lines to the ground."""
NICE: Final = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
"""Ends of an axis, times a power of ten, a quarter of which is round too."""


def lines(canvas: Canvas, frame: Frame, panel: Panel, answers: Sequence[Answer]) -> None:
    """The lines, each in a colour of its own, above their legend."""
    left, top, right, bottom = frame.box
    series = [(answer.called(one), one) for answer in answers for one in answer.series]
    legend = _legend(canvas, [name for name, _ in series], right - left - LEGEND)
    plot = (left + AXIS, top + TOP, right - 10, bottom - FOOT - LEGEND * len(legend))
    finite = [value for _, one in series for _, value in one.points if math.isfinite(value)]
    limits = [(limit, colour) for limit, colour in _dashes(panel) if limit <= WORTH_SHOWING * max(finite, default=0)]
    unit = panel.defaults["unit"]
    end = _nice(max([*finite, *(1.1 * limit for limit, _ in limits)], default=1) or 1, unit)
    axes(canvas, plot, end, unit, frame.span)
    for limit, colour in limits:
        canvas.dashes(plot[0], plot[2], y_of(plot, limit / end), COLOURS[colour])
    for number, (_, one) in enumerate(series):
        for stretch in _stretches(one):
            points = [(x_of(plot, frame.span, moment), y_of(plot, value / end)) for moment, value in stretch]
            canvas.line(points, _colour(number), 2)
    _told(canvas, legend, (left + 8, bottom - 4 - LEGEND * len(legend)))


def _told(canvas: Canvas, legend: Sequence[Sequence[str]], corner: tuple[float, float]) -> None:
    """The legend, from its left upper corner on."""
    number = 0
    for row, names in enumerate(legend):
        x, y = corner[0], corner[1] + LEGEND * row
        for name in names:
            canvas.box((x, y + 7, x + 12, y + 9), _colour(number), 0)
            canvas.say((x + 16, y + 2), name, SMALL, SOFT)
            x += canvas.length(name, SMALL) + BETWEEN
            number += 1


def _legend(canvas: Canvas, names: Sequence[str], width: float) -> list[list[str]]:
    """The names in lines, as many as fit into the lines that there are."""
    rows: list[list[str]] = [[]]
    room = width
    for name in names:
        needed = canvas.length(name, SMALL) + BETWEEN
        if needed > room and rows[-1]:
            if len(rows) == LINES_OF_LEGEND:
                break
            rows.append([])
            room = width
        rows[-1].append(name)
        room -= needed
    return rows


def _stretches(series: Series) -> Iterator[list[Point]]:
    """What is drawn in one go: it ends where there is no number."""
    for are_numbers, points in itertools.groupby(series.points, lambda point: math.isfinite(point[1])):
        if are_numbers:
            yield list(points)


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _dashes(panel: Panel) -> Iterator[tuple[float, str]]:
    """The limits that Grafana draws as lines."""
    if panel.defaults["custom"]["thresholdsStyle"]["mode"] == "dashed":
        yield from ((value, colour) for value, colour in panel.steps if value is not None)


def _nice(value: float, unit: str) -> float:
    """A value that is no smaller, and round as it is written."""
    scale, _ = scale_of(value, unit)
    size = scale * 10.0 ** math.floor(math.log10(value / scale))
    return next(step for step in NICE if step * size >= value * 0.999999) * size
