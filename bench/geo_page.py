"""Owns `docs/addresses.md`: what was measured of addresses, on which machine, and how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cells import MORNINGS
from bench.cells import PEOPLE as PEOPLE_OF_A_MORNING
from bench.geo_ways import ANSWERS_AFTER, FASTER, Morning
from bench.table import Row, markdown

PAGE: Final = Path(__file__).parent.parent / "docs" / "addresses.md"


@dataclass(frozen=True, slots=True)
class GeoReport:
    """Everything that a run found out."""

    mornings: Mapping[str, Morning]
    cells: Sequence[Row]
    machine: str
    versions: str
    day: str


def table(mornings: Mapping[str, Morning]) -> list[Row]:
    """The rows, head first."""
    every = list(mornings.values())
    slowest = every[0].last
    return [
        ("", *mornings),
        ("requests to the geocoder", *(f"{one.requests}" for one in every)),
        ("hit rate", *(f"{1 - one.requests / one.people:.1%}" for one in every)),
        ("first address after", *(f"{one.first:.1f} s" for one in every)),
        ("half have theirs after", *(f"{one.half:.1f} s" for one in every)),
        ("all have theirs after", *(f"{one.last:.1f} s ({one.last / slowest:.3f} x)" for one in every)),
        ("requests apart at least", *(_gap(one) for one in every)),
    ]


def page(report: GeoReport) -> str:
    """The whole page."""
    people = next(iter(report.mornings.values())).people
    return f"""\
# Addresses

`make bench-geo` measures how soon people have their address and how often a geocoder is asked for it;
`make bench-geo WRITE=1` writes this page. {people} people at five places check in at once, their GPS is off by 15 m,
and their telephones speak four languages. The geocoder is a Nominatim on loopback that may be asked once a second and
answers after {ANSWERS_AFTER:g} s.

## How soon, and how often it is asked

{markdown(table(report.mornings))}

- *The usual way* is a cache in Redis by coordinates and `AsyncLimiter(1, 1)`; who finds nothing there asks. It ran \
{FASTER} times as
  fast as life, and its seconds are told as if it had not; what the machine takes for a thousand reads of the cache is
  told {FASTER} times as long, too, and is most of the first address's.
- *The fleet* runs as in `make demo`, with two geo workers: an address counts when it is in the session's row.
- Where offices are registered, who is inside one has its address, and nobody is asked.

Measured on {report.day}: {report.machine}; {report.versions}. Everything shares the machine.

## Which cells

A memory by coordinates never hits, for GPS jitters. The geo worker's goes by cells of H3; an address is that of the
point of its cell that was asked for first. Finer cells miss more often. Coarser ones hit little more often and give
people the address of the next street. Resolution 10 is the compromise: cells of 15,000 m2, and half of the people
are within a building's length of the point that was asked for.

{markdown(report.cells)}

Averages of {MORNINGS} mornings of {PEOPLE_OF_A_MORNING} people at five places, in four languages; in brackets the \
length of a cell's edge.
*Displaced* is how far a person is from the point whose address they get.
"""


def _gap(one: Morning) -> str:
    return f"{one.least_gap:.2f} s" if one.requests > 1 else "-"
