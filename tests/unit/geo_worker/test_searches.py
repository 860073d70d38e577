"""Which cell is asked for next."""

import asyncio
from collections.abc import Iterable

import pytest

from geo_worker.geocoders import GeocoderFailed, Policy
from geo_worker.searches import FAIR, REST, Found, Level, Search, Searches, Waiter

FOUND = Found("Bakı", Policy())


def waiter(
    level: Level = Level.LIVE, asked_at: float = 0.0, reply: str | None = "r", *, replied: bool = False
) -> Waiter:
    return Waiter(level, asked_at, reply, asyncio.get_running_loop().create_future(), replied)


def search(cell: str, *waiters: Waiter, since: float = 0.0) -> Search:
    return Search(cell, "az", 40.0, 49.0, since, list(waiters))


def filled(some: Iterable[Search]) -> Searches:
    searches = Searches()
    for one in some:
        searches.add(one)
    return searches


def able(searches: Searches, now: float) -> list[Search]:
    return [one for one in searches if one.at is None and one.not_before <= now]


def order(searches: Searches, now: float = 0.0) -> list[str]:
    """The cells as they are chosen, each found before the next."""
    cells = []
    while (chosen := searches.choose(able(searches, now))) is not None:
        cells.append(chosen.cell)
        searches.found(chosen, FOUND)
    return cells


async def test_who_can_still_get_one_message_goes_before_who_gets_an_edit_and_before_who_waits_for_nothing() -> None:
    searches = filled(
        [
            search("nobody"),
            search("book", waiter(Level.BACKFILL, 9.0, None)),
            search("overtaken", waiter(Level.OVERTAKEN, 9.0)),
            search("edit", waiter(asked_at=9.0, replied=True)),
        ]
    )
    assert order(searches) == ["edit", "overtaken", "book", "nobody"]
    searches = filled([search("edit", waiter(asked_at=9.0, replied=True)), search("inside", waiter(asked_at=1.0))])
    assert order(searches) == ["inside", "edit"]


async def test_the_newest_goes_first_and_every_fifth_is_the_oldest() -> None:
    searches = filled(search(f"{at}", waiter(asked_at=at), since=at) for at in range(10))
    assert order(searches) == ["9", "8", "7", "6", "0", "5", "4", "3", "2", "1"]
    assert FAIR == 5


async def test_an_old_session_never_takes_the_turn_of_a_person() -> None:
    searches = filled([search("book", waiter(Level.BACKFILL, 0.0, None), since=-100.0)])
    for at in range(8):
        searches.add(search(f"{at}", waiter(asked_at=at), since=at))
    assert order(searches)[-1] == "book"


async def test_a_search_is_as_good_as_its_best_waiter() -> None:
    mixed = search("mixed", waiter(Level.BACKFILL, 0.0, None), waiter(asked_at=1.0, replied=True), waiter(asked_at=3.0))
    searches = filled([search("other", waiter(asked_at=2.0)), mixed])
    assert order(searches) == ["mixed", "other"]
    assert not mixed.for_the_book_alone


async def test_what_failed_comes_after_what_did_not() -> None:
    newest = search("newest", waiter(asked_at=5.0))
    newest.failed_at.add("photon")
    assert order(filled([newest, search("older", waiter(asked_at=1.0))])) == ["older", "newest"]


async def test_what_rests_or_is_being_asked_is_not_chosen() -> None:
    resting, asked = search("resting", waiter()), search("asked", waiter())
    searches = filled([resting, asked])
    asked.at = "photon"
    searches.rest(resting, 10.0)
    assert searches.choose(able(searches, 10.0)) is None
    assert searches.wakes_at(10.0) == 10.0 + REST
    assert searches.choose(able(searches, 10.0 + REST)) is resting
    assert searches.wakes_at(10.0 + REST) is None


async def test_all_who_wait_are_told_what_was_found_or_what_went_wrong() -> None:
    first, second, gone = waiter(), waiter(), waiter()
    gone.found.cancel()
    searches = filled([one := search("a", first, second, gone)])
    searches.found(one, FOUND)
    assert first.found.result() is second.found.result() is FOUND
    searches = filled([two := search("b", third := waiter())])
    searches.failed(two, GeocoderFailed("status 500"))
    with pytest.raises(GeocoderFailed, match="status 500"):
        await third.found
    assert len(searches) == 0


async def test_a_search_that_nobody_wants_ends_unless_it_is_being_asked() -> None:
    one = waiter()
    searches = filled([idle := search("idle", one)])
    searches.leave(idle, one)
    assert searches.get("idle", "az") is None
    two = waiter()
    searches.add(asked := search("asked", two))
    asked.at = "photon"
    searches.leave(asked, two)
    assert searches.get("asked", "az") is asked


async def test_the_end_of_an_old_search_leaves_the_new_one_for_its_cell() -> None:
    old = search("a", one := waiter())
    searches = filled([old])
    searches.found(old, FOUND)
    new = searches.add(search("a", waiter()))
    searches.leave(old, one)
    assert searches.get("a", "az") is new
