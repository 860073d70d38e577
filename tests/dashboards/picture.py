"""Draws a dashboard on its own grid, from what its queries brought: a picture for whoever has no Grafana at hand."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.page import WIDTH
from tests.dashboards.canvas import CARD, COLOURS, LINE, PALETTE, SOFT, Box, Canvas, scale_of, written
from tests.dashboards.grafana import Answer
from tests.dashboards.panels import Panel
from tests.dashboards.prometheus import Series

COLUMN: Final = 54
ROW: Final = 27
GAP: Final = 6
"""Pixels: of a cell of the grid, and between panels."""
HEAD: Final = 34
TITLE: Final = 26
AXIS: Final = 52
FOOT: Final = 18
LETTERS: Final = 13
SMALL: Final = 11
LARGE: Final = 26
LINES_OF_LEGEND: Final = 3
GRID: Final = 4
"""Steps of a vertical axis."""
NICE: Final = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
"""Ends of an axis, times a power of ten, a quarter of which is round too."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel's place: where it begins and ends, and what time it shows."""

    box: Box
    span: tuple[float, float]


def picture(title: str, shown: Sequence[tuple[Panel, Sequence[Answer]]], span: tuple[float, float]) -> bytes:
    """A dashboard's panels with their answers, as a PNG; `span` is the time that is looked at."""
    depth = max(panel.grid[1] + panel.grid[3] for panel, _ in shown)
    canvas = Canvas(COLUMN * WIDTH + GAP, HEAD + ROW * depth + GAP)
    canvas.say((GAP + 4, HEAD / 2), title, 18, anchor="lm")
    when = f"{span[1] - span[0]:.0f} seconds"
    canvas.say((COLUMN * WIDTH - GAP, HEAD / 2), when, LETTERS, SOFT, "rm")
    for panel, answers in shown:
        _panel(canvas, panel, answers, span)
    return canvas.png()


def _panel(canvas: Canvas, panel: Panel, answers: Sequence[Answer], span: tuple[float, float]) -> None:
    x, y, width, height = panel.grid
    box = (
        float(x * COLUMN + GAP),
        float(HEAD + y * ROW + GAP),
        float((x + width) * COLUMN),
        float(HEAD + (y + height) * ROW),
    )
    frame = Frame(box, span)
    if panel.kind == "row":
        canvas.say((box[0] + 4, (box[1] + box[3]) / 2), panel.title, 14, anchor="lm")
        return
    canvas.box(box, CARD)
    canvas.say((box[0] + 8, box[1] + 7), canvas.cut(panel.title, LETTERS, box[2] - box[0] - 16), LETTERS)
    drawn = {"stat": _figure, "timeseries": _lines, "state-timeline": _states}[panel.kind]
    drawn(canvas, frame, panel, answers)


def _figure(canvas: Canvas, frame: Frame, panel: Panel, answers: Sequence[Answer]) -> None:
    """Each value on its colour, side by side."""
    left, top, right, bottom = frame.box
    values = [(answer.called(one), one.points[-1][1]) for answer in answers for one in answer.series]
    each = (right - left - 8) / max(1, len(values))
    for number, (name, value) in enumerate(values):
        begin = left + 4 + number * each
        word = _word(panel, value)
        text, colour = word or (written(value, panel.defaults["unit"], panel.defaults["decimals"]), "")
        fill = COLOURS[colour or _colour(panel, value)]
        canvas.box((begin + 1, top + TITLE, begin + each - 1, bottom - 4), fill)
        middle = begin + each / 2
        centre = (top + TITLE + bottom - 4) / 2
        canvas.say((middle, centre + (7 if name else 0)), text, LARGE, "#ffffff", "mm")
        if name:
            canvas.say((middle, centre - 18), canvas.cut(name, LETTERS, each - 8), LETTERS, "#ffffff", "mm")


def _lines(canvas: Canvas, frame: Frame, panel: Panel, answers: Sequence[Answer]) -> None:
    left, top, right, bottom = frame.box
    series = [(answer.called(one), one) for answer in answers for one in answer.series]
    legend = _legend(canvas, [name for name, _ in series], right - left - 16)
    plot = (left + AXIS, top + TITLE + 4, right - 10, bottom - FOOT - 4 - 16 * len(legend))
    finite = [value for _, one in series for _, value in one.points if math.isfinite(value)]
    limits = [(value, colour) for value, colour in panel.steps if value is not None] if _has_dashes(panel) else []
    shown = [(limit, colour) for limit, colour in limits if limit <= 3 * max(finite, default=0)]
    top_value = _nice(max([*finite, *(1.1 * limit for limit, _ in shown)], default=1) or 1, panel.defaults["unit"])
    _axes(canvas, plot, top_value, panel.defaults["unit"], frame.span)
    for limit, colour in shown:
        canvas.dashes(plot[0], plot[2], _y(plot, limit / top_value), COLOURS[colour])
    for number, (_, one) in enumerate(series):
        for stretch in _stretches(one):
            points = [
                (_x(plot, frame.span, moment), _y(plot, min(1.0, value / top_value))) for moment, value in stretch
            ]
            canvas.line(points, PALETTE[number % len(PALETTE)], 2)
    number, y = 0, bottom - 4 - 16 * len(legend)
    for line in legend:
        x = left + 8
        for name in line:
            canvas.box((x, y + 7, x + 12, y + 9), PALETTE[number % len(PALETTE)], 0)
            canvas.say((x + 16, y + 2), name, SMALL, SOFT)
            x += canvas.length(name, SMALL) + 30
            number += 1
        y += 16


def _states(canvas: Canvas, frame: Frame, panel: Panel, answers: Sequence[Answer]) -> None:
    left, top, right, bottom = frame.box
    series = [(answer.called(one), one) for answer in answers for one in answer.series]
    plot = (left + 150, top + TITLE, right - 10, bottom - FOOT - 4)
    each = (plot[3] - plot[1]) / max(1, len(series))
    for number, (name, one) in enumerate(series):
        y = plot[1] + number * each
        canvas.say((plot[0] - 8, y + each / 2), canvas.cut(name, LETTERS, 136), LETTERS, anchor="rm")
        step = min((later[0] - sooner[0] for sooner, later in itertools.pairwise(one.points)), default=1)
        for moment, value in one.points:
            word = _word(panel, value)
            colour = COLOURS[word[1] if word else "blue"]
            begin, end = _x(plot, frame.span, moment), _x(plot, frame.span, min(moment + step, frame.span[1]))
            canvas.box((begin, y + 4, end, y + each - 4), colour, 0)
        first, value = one.points[0]
        if word := _word(panel, value):
            canvas.say((_x(plot, frame.span, first) + 8, y + each / 2), word[0], LETTERS, "#ffffff", "lm")
    _times(canvas, plot, frame.span)


def _axes(canvas: Canvas, plot: Box, top_value: float, unit: str, span: tuple[float, float]) -> None:
    for step in range(GRID + 1):
        y = _y(plot, step / GRID)
        canvas.line([(plot[0], y), (plot[2], y)], LINE)
        canvas.say((plot[0] - 6, y), written(top_value * step / GRID, unit), SMALL, SOFT, "rm")
    _times(canvas, plot, span)


def _times(canvas: Canvas, plot: Box, span: tuple[float, float]) -> None:
    """The clock of the place where it is drawn would tell nothing: seconds since the beginning."""
    length = span[1] - span[0]
    step = 30 if plot[2] - plot[0] > 300 else 60
    for second in range(0, int(length) + 1, step):
        x = _x(plot, span, span[0] + second)
        canvas.say((x, plot[3] + 5), f"{second // 60}:{second % 60:02}", SMALL, SOFT, "ma")


def _legend(canvas: Canvas, names: Sequence[str], width: float) -> list[list[str]]:
    """The names in lines, as many as fit into the lines that there are."""
    lines: list[list[str]] = [[]]
    room = width
    for name in names:
        needed = canvas.length(name, SMALL) + 30
        if needed > room and lines[-1]:
            if len(lines) == LINES_OF_LEGEND:
                break
            lines.append([])
            room = width
        lines[-1].append(name)
        room -= needed
    return lines


def _stretches(series: Series) -> list[list[tuple[float, float]]]:
    """What is drawn in one go: it ends where there is no number, or nothing for a while."""
    found: list[list[tuple[float, float]]] = []
    before: float | None = None
    for moment, value in series.points:
        if not math.isfinite(value):
            before = None
            continue
        if before is None:
            found.append([])
        found[-1].append((moment, value))
        before = moment
    return found


def _word(panel: Panel, value: float) -> tuple[str, str] | None:
    """What a value is called, and its colour, where it is called something."""
    for mapping in panel.defaults["mappings"]:
        told: Mapping[str, Any] = mapping["options"]
        if f"{value:g}" in told:
            return told[f"{value:g}"]["text"], told[f"{value:g}"]["color"]
    return None


def _colour(panel: Panel, value: float) -> str:
    """The colour of the last step that it reaches."""
    return [colour for least, colour in panel.steps if least is None or value >= least][-1]


def _has_dashes(panel: Panel) -> bool:
    return bool(panel.defaults["custom"]["thresholdsStyle"]["mode"] == "dashed")


def _nice(value: float, unit: str) -> float:
    """A value that is no smaller, and round as it is written."""
    scale, _ = scale_of(value, unit)
    size = scale * 10.0 ** math.floor(math.log10(value / scale))
    return next(step for step in NICE if step * size >= value * 0.999999) * size


def _x(plot: Box, span: tuple[float, float], moment: float) -> float:
    return plot[0] + (moment - span[0]) / (span[1] - span[0]) * (plot[2] - plot[0])


def _y(plot: Box, share: float) -> float:
    return plot[3] - share * (plot[3] - plot[1])
