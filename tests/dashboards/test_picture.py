"""The pictures of docs/dashboards.md: each panel lies where Grafana has it, in its colour, with its values."""

import io
import math
from pathlib import Path

import pytest
from PIL import Image

from tests.dashboards.canvas import COLOURS, written
from tests.dashboards.grafana import Answer
from tests.dashboards.panels import ASKING, Panel, files, panels
from tests.dashboards.picture import COLUMN, HEAD, ROW, picture
from tests.dashboards.prometheus import Series

SPAN = (1000.0, 1060.0)
[DEAD] = [panel for panel in ASKING if (panel.page, panel.title) == ("fleet-at-a-glance", "Dead letters")]


def answers(panel: Panel, value: float) -> list[Answer]:
    """To each query one series, which has this value each second, and once none."""
    labels = {"alertname": "DeadLetters", "queue": "updates"}
    points = [(SPAN[0] + second, math.nan if second == 30 else value) for second in range(61)]
    return [Answer(query, [Series(labels, points)]) for query in panel.queries]


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_every_kind_of_panel_can_be_drawn(file: Path) -> None:
    shown = [(panel, answers(panel, 1)) for panel in panels(file)]
    image = opened(picture(file.stem, shown, SPAN))
    assert image.height > ROW * max(panel.grid[1] for panel, _ in shown)
    assert len(image.getcolors(maxcolors=image.width * image.height) or ()) > 10


@pytest.mark.parametrize(("value", "colour"), [(0, "green"), (1, "red"), (7, "red")])
def test_a_figure_lies_on_the_colour_of_its_limit(value: int, colour: str) -> None:
    image = opened(picture("", [(DEAD, answers(DEAD, value))], SPAN))
    x, y, width, height = DEAD.grid
    # Near its left lower corner, where no letter is.
    at = (x * COLUMN + COLUMN // 2, HEAD + (y + height) * ROW - 10)
    seen, wanted = image.getpixel(at), bytes.fromhex(COLOURS[colour][1:])
    assert width > 1
    assert isinstance(seen, tuple)
    assert all(abs(part - full) < 8 for part, full in zip(seen, wanted, strict=True))


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.9985, "percentunit", "99.9 %"),
        (0.0312, "s", "31.2 ms"),
        (90, "s", "1.5 min"),
        (0, "s", "0 s"),
        (29.27, "cps", "29.3/s"),
        (1234, "short", "1.23 k"),
        (107_374_182, "bytes", "102 MiB"),
        (math.nan, "s", "no number"),
    ],
)
def test_values_are_written_in_their_unit(value: float, unit: str, said: str) -> None:
    assert written(value, unit) == said
