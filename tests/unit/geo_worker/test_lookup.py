"""Who is asked for what, and when; with geocoders that do as they are told."""

import asyncio
from collections.abc import Callable

import pytest
import structlog.testing
from prometheus_client import REGISTRY

from geo_worker import lookup as lookup_module
from geo_worker import searches as searches_module
from geo_worker.addresses import NOTHING_THERE, cell_of
from geo_worker.circuit import FAILURES
from geo_worker.geocoders import GeocoderFailed, Policy
from geo_worker.lookup import LIVE
from geo_worker.pace import NotOurTurn, Pace
from geo_worker.provider import Provider
from geo_worker.searches import ATTEMPTS, Level, Overtaken
from tests.unit.geo_worker.lookup_room import ALONE, BAKU, FAST, NEAR_BAKU, Hand, Room, Store, place, room

DAY = 24 * 3600.0
HERE = Policy(parallel=8, cached_for=0.0, here=True)
DOWN = GeocoderFailed("status 500")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests are as short as can be, so that nobody waits for time."""
    monkeypatch.setattr(searches_module, "REST", 0.001)
    monkeypatch.setattr("geo_worker.circuit.PAUSES", (0.02,))


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.001)


async def test_all_who_ask_for_a_cell_at_once_cost_one_request() -> None:
    photon = Hand()
    async with room(photon) as here:
        found = await asyncio.gather(*(here.address(point) for point in (BAKU, NEAR_BAKU) * 20))
    assert set(found) == {"photon az 40.3717"}
    assert len(photon.asked) == 1


async def test_the_second_time_it_is_known_and_redis_is_not_asked_again() -> None:
    photon = Hand()
    async with room(photon) as here:
        await here.address()
        gets = here.store.gets
        assert await here.address(NEAR_BAKU) == "photon az 40.3717"
        assert here.store.gets == gets
    assert len(photon.asked) == 1


async def test_another_process_finds_it_in_redis() -> None:
    photon, store = Hand(), Store()
    async with room(photon, store=store) as here:
        await here.address()
    async with room(photon, store=store) as there:
        assert await there.address() == "photon az 40.3717"
    assert len(photon.asked) == 1
    (key,) = store.values
    assert key == f"geo:photon:az:{cell_of(*BAKU)}"


@pytest.mark.parametrize("value", ["", "null", "[]", '["x"]', "not JSON", '["Bakı", "soon", 3]', "[1, 2, 3]"])
async def test_what_redis_holds_and_is_no_answer_is_not_believed(value: str) -> None:
    photon, store = Hand(), Store({f"geo:photon:az:{cell_of(*BAKU)}": value})
    async with room(photon, store=store) as here:
        assert await here.address() == "photon az 40.3717"


async def test_without_redis_everything_is_asked_once_all_the_same() -> None:
    photon = Hand()
    async with room(photon, store=Store(away=True)) as here:
        for _ in range(3):
            await here.address()
    assert len(photon.asked) == 1


async def test_languages_do_not_share_an_address_unless_the_geocoder_has_but_one() -> None:
    nominatim = Hand("nominatim")
    async with room(nominatim) as here:
        az, ru = await asyncio.gather(here.address(language="az"), here.address(language="ru"))
        assert (az, ru) == ("nominatim az 40.3717", "nominatim ru 40.3717")
    photon = Hand(policy=Policy(parallel=8, languages=("default",)))
    async with room(photon) as here:
        photon.go_on.clear()
        asked = [here.begin(language=language) for language in ("az", "ru", "en", "tr")]
        await photon.was_asked(1)
        photon.go_on.set()
        assert {await each for each in asked} == {"photon default 40.3717"}
    assert len(photon.asked) == 1


async def test_an_address_is_fresh_for_a_day_less_a_fifth_at_most_then_serves_while_it_is_asked_for_anew() -> None:
    photon = Hand()
    async with room(photon) as here:
        await here.address()
        here.now[0] += 0.79 * DAY
        await here.address()
        assert len(photon.asked) == 1
        here.now[0] += 0.22 * DAY
        photon.go_on.clear()
        assert await here.address() == "photon az 40.3717", "at once, though the geocoder says nothing"
        assert await here.address() == "photon az 40.3717"
        photon.go_on.set()
        await photon.was_asked(2)
        await until(lambda: here.lookup.waiting == 0)
        await here.address()
        assert len(photon.asked) == 2
        (seconds,) = here.store.lives.values()
        assert 1.8 * DAY <= seconds <= 2 * DAY


async def test_a_stale_address_that_cannot_be_asked_for_serves_on_and_nothing_is_left_behind() -> None:
    photon = Hand()
    async with room(photon) as here:
        await here.address()
        here.now[0] += 1.1 * DAY
        photon.fails = DOWN
        assert await here.address() == "photon az 40.3717"
        await photon.was_asked(2)
        await until(lambda: here.lookup.waiting == 0)
        here.now[0] += DAY
        photon.fails = None
        photon.asked.clear()
        await here.address()
        assert len(photon.asked) == 1, "two days old, it is forgotten"


async def test_that_there_is_nothing_is_remembered_for_an_hour_at_most() -> None:
    photon = Hand()
    photon.nothing_there = True
    async with room(photon) as here:
        assert await here.address() is None
        assert await here.address() is None
        assert len(photon.asked) == 1
        here.now[0] += NOTHING_THERE
        await here.address()
        assert len(photon.asked) == 2


async def test_what_may_not_be_kept_is_kept_nowhere() -> None:
    google = Hand("google", Policy(parallel=8, cached_for=0.0, stored=False))
    async with room(google) as here:
        both = await asyncio.gather(here.address(), here.address(NEAR_BAKU))
        assert set(both) == {"google az 40.3717"}
        await here.address()
        assert here.store.values == {}
    assert len(google.asked) == 2


async def test_of_one_that_answers_from_here_redis_is_not_asked_and_nobody_gets_a_neighbours_address() -> None:
    offline = Hand("offline", HERE)
    async with room(offline) as here:
        both = await asyncio.gather(here.address(), here.address(NEAR_BAKU))
        assert tuple(both) == ("offline az 40.3717", "offline az 40.3718")
        assert here.store.gets == 0
        assert here.store.values == {}


async def test_who_fails_here_is_asked_again_as_others_are_and_then_the_next() -> None:
    offline, photon = Hand("offline", HERE), Hand("photon")
    offline.fails = DOWN
    async with room(offline, photon) as here:
        assert await here.address() == "photon az 40.3717"
    assert len(offline.asked) == 2


async def test_one_that_is_here_is_asked_only_while_the_better_one_fails() -> None:
    photon, offline = Hand("photon"), Hand("offline", HERE)
    async with room(photon, offline) as here:
        assert await here.address() == "photon az 40.3717"
        photon.fails = GeocoderFailed("status 429", 3600.0)
        assert await here.address(place(1)) == "offline az 40.4100"
        assert await here.address(place(2)) == "offline az 40.4200"
        assert await here.address() == "photon az 40.3717", "which is remembered"
    assert len(photon.asked) == 2


@pytest.mark.parametrize("terms", [FAST, HERE], ids=["elsewhere", "here"])
async def test_while_one_fails_the_next_is_asked_and_when_it_answers_again_it_is_the_first(terms: Policy) -> None:
    photon, offline = Hand("photon"), Hand("offline", terms)
    photon.fails = DOWN
    async with room(photon, offline) as here:
        assert [await here.address(place(number)) for number in range(FAILURES + 2)] == [
            f"offline az {place(number)[0]:.4f}" for number in range(FAILURES + 2)
        ]
        assert len(photon.asked) >= FAILURES
        photon.fails = None
        await until(lambda: here.providers[0].circuit.lets_through(asyncio.get_running_loop().time()))
        assert (await here.address(place(50)) or "").startswith("photon")
        assert here.providers[0].circuit.state == "closed"
        assert await here.address(place(0)) == "photon az 40.4000", "and not what the lesser one said"


async def test_what_a_lesser_one_said_serves_while_the_better_one_fails() -> None:
    photon, offline = Hand("photon"), Hand("offline")
    photon.fails = GeocoderFailed("status 429", 3600.0)
    async with room(photon, offline) as here:
        await here.address()
        await here.address()
    assert len(photon.asked) == len(offline.asked) == 1


async def test_while_nobody_answers_messages_stay_in_hand_and_nothing_is_lost() -> None:
    nominatim = Hand("nominatim", ALONE)
    nominatim.fails = DOWN
    async with room(nominatim) as here:
        asked = [here.begin(place(number)) for number in range(5)]
        await nominatim.was_asked(FAILURES + 4)
        assert not any(each.done() for each in asked)
        nominatim.fails = None
        assert await asyncio.gather(*asked) == [f"nominatim az {place(number)[0]:.4f}" for number in range(5)]


async def test_a_point_that_fails_where_others_do_not_is_put_off() -> None:
    nominatim = Hand("nominatim", ALONE)
    nominatim.problem = DOWN
    nominatim.fails_at = {BAKU}
    async with room(nominatim) as here:
        bad = here.begin()
        for number in range(50):
            await here.address(place(number))
            if bad.done():
                break
        with pytest.raises(GeocoderFailed, match="status 500"):
            await bad
        assert sum(asked[:2] == BAKU for asked in nominatim.asked) == ATTEMPTS + 1


async def test_nobody_is_asked_more_at_once_than_its_policy_says() -> None:
    for policy, most in ((ALONE, 1), (Policy(parallel=3), 3)):
        geocoder = Hand(policy=policy)
        geocoder.go_on.clear()
        async with room(geocoder) as here:
            asked = [here.begin(place(number)) for number in range(9)]
            await geocoder.was_asked(most)
            geocoder.go_on.set()
            await asyncio.gather(*asked)
        assert geocoder.most_inside == most


async def in_order(here: Room, geocoder: Hand, asked: list["asyncio.Task[str | None]"]) -> list[float]:
    """Let the geocoder, which is held up, go on; returns the latitudes in the order in which they were asked for."""
    await until(lambda: here.lookup.waiting == len(asked) + 1)
    geocoder.go_on.set()
    await asyncio.gather(*asked)
    return [latitude for latitude, _, _ in geocoder.asked[1:]]


async def test_the_newest_whose_reply_waits_goes_first_at_the_moment_when_one_may_ask() -> None:
    nominatim = Hand("nominatim", ALONE)
    nominatim.go_on.clear()
    async with room(nominatim) as here:
        here.begin(place(99))
        await nominatim.was_asked(1)
        here.replies.out = {"sent"}
        asked = [
            here.begin(place(0), asked_at=10.0, reply="waits"),
            here.begin(place(1), asked_at=30.0, reply="sent"),
            here.begin(place(2), asked_at=20.0, reply="waits too"),
            here.begin(place(3), level=Level.BACKFILL),
        ]
        latitudes = await in_order(here, nominatim, asked)
    assert latitudes == [place(number)[0] for number in (2, 0, 1, 3)]


async def test_the_oldest_make_room_for_newer_ones() -> None:
    nominatim = Hand("nominatim", ALONE)
    nominatim.go_on.clear()
    async with room(nominatim) as here:
        waiting = [here.begin(BAKU, asked_at=float(number)) for number in range(LIVE)]
        await until(lambda: sum(1 for _ in here.lookup._searches.waiters()) == LIVE)  # noqa: SLF001 - nothing else tells
        newer = here.begin(place(1), asked_at=5000.0)
        with pytest.raises(Overtaken):
            await waiting[0]
        nominatim.go_on.set()
        assert len(await asyncio.gather(*waiting[1:], newer)) == LIVE


async def test_an_old_session_is_of_no_use_to_who_may_not_store_and_is_asked_of_the_next() -> None:
    google, photon = Hand("google", Policy(parallel=8, cached_for=0.0, stored=False)), Hand("photon")
    async with room(google, photon) as here:
        assert await here.address(level=Level.BACKFILL) == "photon az 40.3717"
    async with room(google) as here:
        assert await here.address(level=Level.BACKFILL) is None
    assert google.asked == []


async def test_old_sessions_are_asked_for_more_seldom_where_the_policy_wants_it() -> None:
    nominatim = Hand("nominatim", Policy(parallel=1, backfill_rate=4 / 60))
    async with room(nominatim) as here:
        await here.address(place(0), level=Level.BACKFILL)
        later = here.begin(place(1), level=Level.BACKFILL)
        await here.address(place(2))
        await here.address(place(3))
        assert not later.done(), "people do not wait for it"
        here.providers[0].backfills_from = 0.0
        await here.address(place(4))
        assert await later is not None


async def test_without_the_right_nobody_is_asked_until_it_comes_back() -> None:
    photon = Hand()
    async with room(photon) as here:
        here.right.held = False
        asked = here.begin()
        await until(lambda: here.lookup.waiting == 1)
        await asyncio.sleep(0.01)
        assert photon.asked == []
        here.right.give()
        assert await asked == "photon az 40.3717"


async def test_who_waits_is_given_back_and_what_is_under_way_comes_to_its_end() -> None:
    photon = Hand()
    photon.go_on.clear()
    async with room(photon) as here:
        asked = here.begin()
        await photon.was_asked(1)
        here.lookup.give_back()
        with pytest.raises(NotOurTurn):
            await asked
        idle = asyncio.create_task(here.lookup.idle())
        await asyncio.sleep(0)
        assert not idle.done()
        photon.go_on.set()
        await idle
        assert await here.address() == "photon az 40.3717", "and what it said is remembered"
    assert len(photon.asked) == 1


async def test_patience_has_an_end_and_then_the_broker_has_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup_module, "PATIENCE", 0.01)
    photon = Hand()
    photon.go_on.clear()
    async with room(photon) as here:
        with pytest.raises(NotOurTurn):
            await here.address()


async def test_who_gives_up_does_not_take_the_request_from_others() -> None:
    photon = Hand()
    photon.go_on.clear()
    async with room(photon) as here:
        impatient, patient = here.begin(), here.begin(NEAR_BAKU)
        await photon.was_asked(1)
        impatient.cancel()
        await asyncio.wait([impatient])
        photon.go_on.set()
        assert await patient == "photon az 40.3717"


async def test_switched_while_running_the_new_ones_are_asked_at_once_though_the_old_one_hangs() -> None:
    slow, quick_one = Hand("nominatim", ALONE), Hand("photon")
    slow.go_on.clear()
    async with room(slow) as here:
        first, second = here.begin(place(0)), here.begin(place(1))
        await slow.was_asked(1)
        here.lookup.use([Provider(quick_one, Pace(quick_one.policy, here.right))])
        assert await second == "photon az 40.4100"
        slow.go_on.set()
        assert await first == "nominatim az 40.4000"


async def test_switched_off_nobody_is_asked() -> None:
    photon = Hand()
    async with room(photon) as here:
        here.lookup.use([])
        assert await here.address() is None
    assert photon.asked == []


async def test_with_nothing_to_do_the_lookup_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    photon = Hand(policy=FAST)
    looks = 0
    async with room(photon) as here:
        photon.fails = GeocoderFailed("status 429", 0.001)
        asked = here.begin()
        await until(lambda: here.providers[0].circuit.state == "open")
        asked.cancel()
        await asyncio.wait([asked])
        rest = here.lookup._rest  # noqa: SLF001 - a busy loop shows nowhere else

        def counted(provider: object) -> float | None:
            nonlocal looks
            looks += 1
            return rest(provider)  # type: ignore[arg-type]  # as it is called

        monkeypatch.setattr(here.lookup, "_rest", counted)
        await asyncio.sleep(0.2)
    assert looks < 50


async def test_who_checks_in_where_an_old_session_is_asked_for_does_not_wait_as_that_does() -> None:
    nominatim = Hand("nominatim", Policy(parallel=1, backfill_rate=4 / 60))
    async with room(nominatim) as here:
        await here.address(place(0), level=Level.BACKFILL)
        old = here.begin(place(1), level=Level.BACKFILL)
        await until(lambda: here.lookup.waiting == 1)
        assert await here.address(place(1)) == await old


async def test_who_checks_in_there_is_asked_for_where_an_old_session_may_not_be() -> None:
    google, photon = Hand("google", Policy(parallel=8, cached_for=0.0, stored=False)), Hand("photon")
    async with room(google, photon) as here:
        photon.fails = GeocoderFailed("status 429", 3600.0)
        old = here.begin(level=Level.BACKFILL)
        await until(lambda: here.providers[1].circuit.state == "open")
        assert await here.address() == "google az 40.3717"
        assert not old.done(), "google's may not be stored, so the old session waits on for photon"


async def test_an_answer_that_may_not_be_stored_is_not_for_an_old_session_which_another_geocoder_serves() -> None:
    google, offline = Hand("google", Policy(parallel=8, cached_for=0.0, stored=False)), Hand("offline")
    google.go_on.clear()
    async with room(google, offline) as here:
        live = here.begin()
        await google.was_asked(1)
        old = here.begin(level=Level.BACKFILL)
        await until(lambda: sum(1 for _ in here.lookup._searches.waiters()) == 2)  # noqa: SLF001 - nothing else tells
        google.go_on.set()
        assert await live == "google az 40.3717"
        assert await old == "offline az 40.3717"


async def test_who_counted_on_a_geocoder_that_wants_to_be_left_alone_begins_anew_with_the_best() -> None:
    photon, nominatim = Hand("photon"), Hand("nominatim", ALONE)
    photon.fails, nominatim.fails = DOWN, GeocoderFailed("status 429", 3600.0)
    nominatim.go_on.clear()
    async with room(photon, nominatim) as here:
        asked = [here.begin(place(number)) for number in range(2)]
        await photon.was_asked(2)
        await nominatim.was_asked(1)
        photon.fails = None
        nominatim.go_on.set()
        assert await asyncio.gather(*asked) == ["photon az 40.4000", "photon az 40.4100"]


async def test_a_stale_address_of_one_that_fails_serves_without_asking_another_each_time() -> None:
    photon, nominatim = Hand("photon"), Hand("nominatim", ALONE)
    async with room(photon, nominatim) as here:
        await here.address()
        here.now[0] += 1.1 * DAY
        photon.fails = GeocoderFailed("status 429", 3600.0)
        await here.address(place(1))
        for _ in range(5):
            assert await here.address() == "photon az 40.3717"
        assert len(nominatim.asked) == 1


async def test_a_geocoder_with_a_low_quota_is_not_asked_ahead_of_who_is_newer() -> None:
    photon = Hand(policy=Policy(rate=10.0, parallel=8))
    async with room(photon) as here:
        older = [here.begin(place(number), asked_at=float(number), reply="r") for number in range(6)]
        await photon.was_asked(1)
        await here.address(place(50), asked_at=100.0, reply="r")
        assert sum(one.done() for one in older) <= 2
        await asyncio.gather(*older)


async def test_a_defect_in_a_geocoder_is_a_failure_of_that_one_and_its_text_which_may_hold_a_key_is_not_logged() -> (
    None
):
    broken, offline = Hand("photon"), Hand("offline")
    broken.fails = ZeroDivisionError("https://photon/?key=SENTINEL")
    with structlog.testing.capture_logs() as logged:
        async with room(broken, offline) as here:
            assert await here.address() == "offline az 40.3717"
    (line,) = (line for line in logged if line["event"] == "geocoder_broken")
    assert (line["error"], line["where"].partition(":")[0]) == ("ZeroDivisionError", "reverse")
    assert "SENTINEL" not in repr(logged)


async def test_what_another_server_said_is_not_believed_to_be_this_ones() -> None:
    first, second = Hand("photon"), Hand("photon")
    async with room(first) as here:
        await here.address()
        here.lookup.use([Provider(second, Pace(second.policy, here.right), "photon@better:2322")])
        await here.address()
    assert len(second.asked) == 1


async def test_of_a_geocoder_that_is_not_in_use_the_gauge_tells_no_circuit_though_its_last_request_fails() -> None:
    def shown() -> float | None:
        return REGISTRY.get_sample_value("geo_circuit_open", {"geocoder": "mapbox"})

    failing, offline = Hand("mapbox"), Hand("offline")
    failing.fails = GeocoderFailed("status 429", 3600.0)
    async with room(failing) as here:
        here.lookup.use(here.providers)
        asked = here.begin()
        await until(lambda: shown() == 1.0)
        here.lookup.use([Provider(offline, Pace(offline.policy, here.right))])
        assert await asked == "offline az 40.3717"
        assert shown() == 0.0
