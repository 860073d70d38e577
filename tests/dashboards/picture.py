"""Draws a dashboard on its own grid, from what its queries brought: a picture for whoever has no Grafana at hand."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboards.page import WIDTH
from tests.dashboards.canvas import CARD, COLOURS, SOFT, Canvas, written
from tests.dashboards.grafana import Answer
from tests.dashboards.lines import lines
from tests.dashboards.panels import Panel
from tests.dashboards.plot import Frame, times, x_of

COLUMN: Final = 54
ROW: Final = 27
GAP: Final = 6
"""Pixels: of a cell of the grid, and between panels."""
HEAD: Final = 34
TITLE: Final = 26
FOOT: Final = 18
LETTERS: Final = 13
LARGE: Final = 26


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
    drawn = {"stat": _figure, "timeseries": lines, "state-timeline": _states}[panel.kind]
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


def _states(canvas: Canvas, frame: Frame, panel: Panel, answers: Sequence[Answer]) -> None:
    """A band for each series, in the colours of its values, with the first one's word where there is room."""
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
            begin, end = x_of(plot, frame.span, moment), x_of(plot, frame.span, min(moment + step, frame.span[1]))
            canvas.box((begin, y + 4, end, y + each - 4), colour, 0)
        first, last = (x_of(plot, frame.span, one.points[end][0]) for end in (0, -1))
        word = _word(panel, one.points[0][1])
        if word and canvas.length(word[0], LETTERS) + 16 < last - first:
            canvas.say((first + 8, y + each / 2), word[0], LETTERS, "#ffffff", "lm")
    times(canvas, plot, frame.span)


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
