"""No person becomes a label: whoever comes after the first crowd, the metrics grow no series more.

`tests/integration/test_company_metrics.py` shows the same of whole services.
"""

import asyncio
from collections.abc import Iterator

from prometheus_client import REGISTRY

from ingress.intake import Intake
from shared.tracing import Step
from tests.unit.geo_worker.lookup_room import Hand, place
from tests.unit.geo_worker.lookup_room import room as lookup_room
from tests.unit.ingress.test_ingress_intake import Kept
from tests.unit.sender.departures_room import Room, opened

CROWD = 40


def series() -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """All that `/metrics` has, without the figures."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if not metric.name.startswith(("python_", "process_"))
    }


def updates(people: range) -> Iterator[bytes]:
    """What each sends: a message, a button, and things that are no update."""
    for person in people:
        yield b'{"update_id":%d,"message":{"from":{"id":%d}}}' % (person, person)
        yield b'{"update_id":%d,"callback_query":{"from":{"id":%d}}}' % (person, person)
        yield b'{"update_id":%d,"kind-%d":{}}' % (person, person)
        yield b'{"update_id":"%d"}' % person


async def passes_by(room: Room, people: range) -> None:
    """A crowd whose updates come in, whose places are looked up, and who are answered; also by calls of no method."""
    intake = Intake(Kept())
    for body in updates(people):
        await intake.take(body, Step(""))
    async with lookup_room(Hand()) as here:
        await asyncio.gather(*(here.address(place(person % CROWD), reply=f"{person}:0") for person in people))
    verdicts = [room.arrive(key=f"{person}:0", chat_id=person, method="sendMessage") for person in people]
    verdicts += [room.arrive(key=f"{person}:1", chat_id=person, method=f"{person}") for person in people]
    for _ in verdicts:
        await room.later(2)
    await asyncio.gather(*verdicts)


async def test_who_comes_adds_no_series_and_is_in_none() -> None:
    first, second = range(5_100_000_000, 5_100_000_000 + CROWD), range(5_200_000_000, 5_200_000_000 + CROWD)
    async with opened() as room:
        room.door.answer.set()
        await passes_by(room, first)
        known = series()
        await passes_by(room, second)
        assert series() - known == set()
    said = {value for _, labels in known for _, value in labels}
    assert [value for value in said for person in (*first, *second) if str(person) in value] == []
