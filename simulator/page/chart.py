"""A chart of calls per second with the line of what is allowed, as inline SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 920
HEIGHT = 190
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 14, 24
PLOT_WIDTH = WIDTH - LEFT - RIGHT
PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
MOST_SECONDS = 120
GRID = 10


def draw(counts: Sequence[int], allowed: int, first_second: int = 0) -> str:
    """Bars for the last `MOST_SECONDS` of `counts`; a bar above `allowed` is drawn in another colour."""
    shown = counts[-MOST_SECONDS:]
    begin = first_second + len(counts) - len(shown)
    top = max(allowed + 6, *shown) if shown else allowed + 6
    parts = [_grid(value, top) for value in range(0, top + 1, GRID)]
    slot = PLOT_WIDTH / max(len(shown), 40)
    parts += [_bar(number, count, top, slot, allowed) for number, count in enumerate(shown) if count]
    parts += [_second(number, begin, slot) for number in range(len(shown)) if (begin + number) % 10 == 0]
    line = _y(allowed, top)
    parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{line:.1f}" y2="{line:.1f}"/>')
    parts.append(
        f'<text class="limit" x="{WIDTH - RIGHT}" y="{line - 4:.1f}" text-anchor="end">{allowed} a second</text>'
    )
    title = "<title>Calls that arrived in each second since the first update</title>"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{title}{"".join(parts)}</svg>'


def _y(value: float, top: int) -> float:
    return TOP + PLOT_HEIGHT * (1 - value / top)


def _bar(number: int, count: int, top: int, slot: float, allowed: int) -> str:
    y = _y(count, top)
    kind = "over" if count > allowed else "bar"
    return (
        f'<rect class="{kind}" x="{LEFT + number * slot + slot * 0.12:.1f}" y="{y:.1f}" width="{slot * 0.76:.1f}" '
        f'height="{TOP + PLOT_HEIGHT - y:.1f}" rx="1.5"/>'
    )


def _grid(value: int, top: int) -> str:
    y = _y(value, top)
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{value}</text>'
    )


def _second(number: int, begin: int, slot: float) -> str:
    return (
        f'<text x="{LEFT + (number + 0.5) * slot:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{begin + number} s</text>'
    )
