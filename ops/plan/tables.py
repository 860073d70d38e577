"""Owns the tables of `docs/scale.md`: the unit costs, what gives way first, and what it takes."""

from collections.abc import Iterable, Sequence

from ops.plan import costs
from ops.plan.costs import WAY, Cost
from ops.plan.rush import Cap
from ops.plan.scale import FACTORS, Scale, takes_of
from ops.plan.words import length

_TWO_DIGITS = 10.0
_ONE_PERCENT = 0.01


def unit_costs() -> str:
    """What one of each takes, and what the figure is based on."""
    every = (one for one in vars(costs).values() if isinstance(one, Cost))
    return _table(("what", "figure", "based on"), ((one.unit, _figure(one.value), one.basis) for one in every))


def shares(cap: Cap) -> str:
    """The share of one of each that so many people use."""
    takes = takes_of(cap)
    used = ((people, Scale(people, cap).used) for people in FACTORS)
    rows = [(f"{people:,}", *(_share(shares[name]) for name in takes)) for people, shares in used]
    return _table(("employees", *takes), [*rows, ("one takes, a second", *(f"{each:,.0f}" for each in takes.values()))])


def steps(cap: Cap) -> str:
    """What so many people take, a line for each."""
    heads = ("employees", "bots", "last reply", "with one bot", "primaries", "brokers", "cores", "about, a month")
    return _table(heads, (_step(Scale(people, cap)) for people in FACTORS))


def _step(one: Scale) -> Sequence[str]:
    return (
        f"{one.people:,}",
        f"{one.bots:,} of {one.fleet.people:,} people",
        length(one.fleet.told_within(1)),
        length(one.alone.last_wait + WAY.value),
        f"{one.primaries}",
        f"{one.brokers}",
        f"{one.cores:,.0f}",
        f"${round(one.dollars, -1):,.0f}",
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= _TWO_DIGITS else f"{value:.2g}"


def _share(used: float) -> str:
    return f"{used:,.0%}" if used >= _ONE_PERCENT else f"{used:.1%}"
