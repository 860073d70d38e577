"""Owns what docs/tracing.md says of the cost of traces, and whether that holds the goal."""

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.table import Row, markdown
from bench.twins import RATE, Spent

PAGE: Final = Path(__file__).parent.parent / "docs" / "tracing.md"
MEASURED: Final = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)
GOAL: Final = 0.03
PAIRS: Final = 6
LIKELY: Final = 2.02
"""Student's t of so many, for one in twenty on one side."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What the services spent on a check-in without traces and with."""

    off: Spent
    on: Spent

    @property
    def ratio(self) -> float:
        """How much more, as a share."""
        return sum(self.on.values()) / sum(self.off.values()) - 1


@dataclass(frozen=True, slots=True)
class TracesReport:
    """All that was measured, for so many seconds in each pair; a `share` of updates was traced, `steps` were told."""

    seconds: int
    share: float
    pairs: Sequence[Pair]
    steps: int
    where: str

    @property
    def more(self) -> float:
        """By how much more a check-in costs with traces, as a share: the mean of the pairs."""
        return statistics.fmean(one.ratio for one in self.pairs)

    @property
    def doubt(self) -> float:
        """By how much that may be wrong by chance, as a share: LIKELY times its standard error."""
        return LIKELY * statistics.stdev(one.ratio for one in self.pairs) / math.sqrt(len(self.pairs))

    @property
    def held(self) -> bool:
        """Whether it is less than the goal, and not by chance."""
        return self.more + self.doubt < GOAL

    def rows(self) -> list[Row]:
        """The mean of the pairs by service, head first."""
        found = [("", "without", "with", "more")]
        for name in self.pairs[0].off:
            off, on = (statistics.fmean(side[name] for side in sides) for sides in self._sides())
            found.append((name, _ms(off), _ms(on), f"{on / off - 1:+.1%}"))
        off, on = (statistics.fmean(sum(side.values()) for side in sides) for sides in self._sides())
        return [*found, ("all four", _ms(off), _ms(on), f"{on / off - 1:+.1%}")]

    def _sides(self) -> tuple[list[Spent], list[Spent]]:
        return [one.off for one in self.pairs], [one.on for one in self.pairs]

    def text(self) -> str:
        """What the page says."""
        ratios = sorted(one.ratio for one in self.pairs)
        return f"""\
Processor time of the four services for a check-in, in milliseconds: {RATE} people a second come to each of two fleets \
side by
side, of which one traces {self.share:.0%} of its updates; the mean of {len(ratios)} such pairs, {self.seconds} s each:

{markdown(self.rows())}

With traces it is {self.more:+.1%} ± {self.doubt:.1%} (single pairs {ratios[0]:+.1%} to {ratios[-1]:+.1%}), and \
{self.steps} steps were told. The goal of less
than {GOAL:+.0%} {"is held" if self.held else "is not shown to be held"}.

Measured on {self.where}. Everything shares the machine.
"""


def put(text: str, page: Path = PAGE) -> None:
    """Replace what the page says of it, and no more."""
    page.write_text(MEASURED.sub(lambda _: text, page.read_text(encoding="utf-8")), encoding="utf-8")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"
