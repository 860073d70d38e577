"""How long Telegram is left alone, whatever the clocks of the two senders do."""

import pytest

from sender.silences import EVERYBODY, Silences
from tests.unit.sender.test_arrivals import Store


@pytest.mark.parametrize(("moved", "left"), [(0.0, 30.0), (10.0, 20.0), (-600.0, 30.0)])
async def test_a_clock_that_was_set_back_makes_no_silence_longer_than_was_asked_for(moved: float, left: float) -> None:
    store, now = Store(), 1000.0
    await Silences(store, lambda: now).keep(EVERYBODY, 30.0)
    assert await Silences(store, lambda: now + moved).left() == {EVERYBODY: left}


async def test_the_longer_of_two_silences_counts() -> None:
    store = Store()
    silences = Silences(store, lambda: 1000.0)
    await silences.keep(7, 30.0)
    await silences.keep(7, 5.0)
    assert await silences.left() == {7: 30.0}
    await silences.keep(7, 60.0)
    assert await Silences(store, lambda: 1000.0).left() == {7: 60.0}


async def test_what_is_no_silence_in_redis_is_none() -> None:
    store = Store({"silences": '{"7": 1130.0}'})
    assert await Silences(store, lambda: 1000.0).left() == {}
