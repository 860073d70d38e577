"""The book on a real PostgreSQL: whatever the order in which events arrive, the rows are the same."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from pydantic import SecretStr

from checkin_worker.attendance import Correction, Day, Event, Role
from checkin_worker.book import Approved, Book, Rules, Sent
from checkin_worker.inbox import Inbox
from checkin_worker.people import People, Person
from shared.database import PrimaryPool
from shared.settings import DatabaseSettings
from shared.workday import Schedule

BAKU = ZoneInfo("Asia/Baku")
OFFICE_HOURS = Schedule("office", clock_time(9, 0), clock_time(18, 0), timedelta(minutes=10))
NIGHTS = Schedule("nights", clock_time(22, 0), clock_time(6, 0))
DOUBLE_TAP = timedelta(seconds=60)
PERSON = 5_100_000_007
LEMAN = Person(PERSON, "Ləman Əliyeva", "az")
MONDAY = date(2026, 7, 6)

Row = tuple[object, ...]


def at(clock: str, day: int = 0) -> datetime:
    """That time of day in Baku, so many days after Monday."""
    return datetime.combine(MONDAY + timedelta(days=day), clock_time.fromisoformat(clock), BAKU).astimezone(UTC)


def event(clock: str, update_id: int, day: int = 0) -> Event:
    return Event(at(clock, day), update_id, 40.37, 49.85)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PrimaryPool]:
    settings = DatabaseSettings(database_url=SecretStr(database_url), db_pool_min=0, db_pool_max=8)
    async with contextlib.aclosing(PrimaryPool(settings)) as opened:
        yield opened


@contextlib.asynccontextmanager
async def page_of(pool: PrimaryPool, person: Person = LEMAN) -> AsyncIterator[Book]:
    """The person's page, locked."""
    async with pool.connection() as connection, connection.transaction():
        await Inbox(connection, person.user_id).lock()
        await People(connection).enrol(person, at("08:00"))
        yield Book(connection, Rules(person.calendar(BAKU, clock_time(4, 0), OFFICE_HOURS), DOUBLE_TAP, person))


async def record(pool: PrimaryPool, happened: Event, person: int = PERSON) -> Day:
    async with page_of(pool, replace(LEMAN, user_id=person)) as book:
        received = happened.sent_at + timedelta(seconds=31)
        return (await book.record(Sent(happened, 12.5, received, received))).day


async def rows(pool: PrimaryPool, query: str, *values: object) -> list[asyncpg.Record]:
    async with pool.connection() as connection:
        return await connection.fetch(query, *values)


async def sessions(pool: PrimaryPool, person: int = PERSON) -> list[Row]:
    """From, to, by what, and the updates that did it."""
    found = await rows(
        pool,
        "SELECT workday, ordinal, start_time, end_time, closed_by, start_update_id, end_update_id, boundary"
        " FROM sessions WHERE user_id = $1 ORDER BY workday, ordinal",
        person,
    )
    return [tuple(row) for row in found]


async def spans(pool: PrimaryPool, person: int = PERSON) -> list[tuple[str, str | None, str | None]]:
    """The sessions as people read them."""
    found = await rows(
        pool, "SELECT start_time, end_time, closed_by FROM sessions WHERE user_id = $1 ORDER BY start_time", person
    )
    return [(_told(row[0]), row[1] and _told(row[1]), row[2]) for row in found]


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(BAKU):%a %H:%M:%S}"


async def test_the_first_location_opens_a_session_a_second_repeats_it_and_a_later_one_closes_it(
    pool: PrimaryPool,
) -> None:
    came, tapped, went = event("09:58:07", 1), event("09:58:27", 2), event("19:02:06", 3)
    days = [await record(pool, each) for each in (came, tapped, went)]
    roles = [day.roles[each] for day, each in zip(days, (came, tapped, went), strict=True)]
    assert roles == [Role.OPENED, Role.REPEATED, Role.CLOSED]
    assert days[1].decided_by[tapped] == came
    assert await sessions(pool) == [(MONDAY, 0, came.sent_at, went.sent_at, "tap", 1, 3, at("04:00", 1))]


async def test_what_is_kept_of_an_event_is_what_was_sent(pool: PrimaryPool) -> None:
    came = event("09:58:07", 1)
    await record(pool, came)
    (row,) = await rows(pool, "SELECT * FROM attendance_events")
    assert dict(row) == {
        "user_id": PERSON,
        "sent_at": came.sent_at,
        "update_id": 1,
        "latitude": 40.37,
        "longitude": 49.85,
        "accuracy": 12.5,
        "address": None,
        "received_at": came.sent_at + timedelta(seconds=31),
        "recorded_at": came.sent_at + timedelta(seconds=31),
        "kind": "location",
        "live": False,
        "coarse": False,
        **dict.fromkeys(("fence", "office_id", "distance_m", "workday", "arrived_at", "left_at", "actor_id", "reason")),
    }


async def test_an_event_recorded_again_changes_no_row(pool: PrimaryPool) -> None:
    came, went = event("09:58:07", 1), event("19:02:06", 2)
    for each in (came, went):
        await record(pool, each)
    query = "SELECT xmin::text FROM sessions UNION ALL SELECT xmin::text FROM attendance_events ORDER BY 1"
    before = await rows(pool, query)
    for each in (went, came, went):
        await record(pool, each)
    assert await rows(pool, query) == before


async def test_people_do_not_share_a_page(pool: PrimaryPool) -> None:
    await record(pool, event("09:00", 1), PERSON)
    await record(pool, event("09:01", 2), PERSON + 7)
    assert await spans(pool, PERSON) == [("Mon 09:00:00", None, None)]
    assert await spans(pool, PERSON + 7) == [("Mon 09:01:00", None, None)]


async def test_a_night_shift_stays_in_the_day_in_which_it_began(pool: PrimaryPool) -> None:
    await record(pool, event("20:00", 1))
    await record(pool, event("03:59:59", 2, day=1))
    assert await spans(pool) == [("Mon 20:00:00", "Tue 03:59:59", "tap")]


async def test_a_location_at_the_boundary_is_of_the_new_day(pool: PrimaryPool) -> None:
    await record(pool, event("20:00", 1))
    await record(pool, event("04:00:00", 2, day=1))
    assert await spans(pool) == [("Mon 20:00:00", "Tue 04:00:00", "boundary"), ("Tue 04:00:00", None, None)]


FORGOTTEN = [("Mon 09:00:00", "Tue 04:00:00", "boundary"), ("Tue 09:05:00", None, None)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the next day first"])
async def test_a_forgotten_check_out_ends_at_the_boundary_in_whatever_order_the_days_come(
    pool: PrimaryPool, order: Sequence[int]
) -> None:
    days = [event("09:00", 1), event("09:05", 2, day=1)]
    for index in order:
        await record(pool, days[index])
    assert await spans(pool) == FORGOTTEN


async def test_a_check_out_that_arrives_after_the_next_day_takes_the_boundarys_place(pool: PrimaryPool) -> None:
    await record(pool, event("09:00", 1))
    await record(pool, event("09:05", 3, day=1))
    assert await spans(pool) == FORGOTTEN
    await record(pool, event("18:00", 2))
    assert await spans(pool) == [("Mon 09:00:00", "Mon 18:00:00", "tap"), ("Tue 09:05:00", None, None)]


async def test_days_without_anybody_do_not_move_the_boundary(pool: PrimaryPool) -> None:
    await record(pool, event("09:00", 1))
    await record(pool, event("09:05", 2, day=14))
    assert (await spans(pool))[0] == ("Mon 09:00:00", "Tue 04:00:00", "boundary")


TWO_DAYS = [
    event("09:00:00", 1),
    event("09:00:30", 2),
    event("18:00:00", 3),
    event("08:55", 4, 1),
    event("17:00", 5, 1),
]


async def test_every_order_of_two_days_events_ends_in_the_same_rows(pool: PrimaryPool) -> None:
    found = set()
    for number, order in enumerate(itertools.permutations(TWO_DAYS)):
        for each in order:
            await record(pool, each, PERSON + number)
        found.add(tuple(await sessions(pool, PERSON + number)))
    assert [[row[2:5] for row in each] for each in found] == [
        [(at("09:00"), at("18:00"), "tap"), (at("08:55", 1), at("17:00", 1), "tap")]
    ]


async def test_an_earlier_tap_that_comes_late_moves_everything_after_it(pool: PrimaryPool) -> None:
    for number, clock in enumerate(("09:00:00", "12:00:00", "13:00:00", "18:00:00")):
        await record(pool, event(clock, 10 + number))
    assert await spans(pool) == [("Mon 09:00:00", "Mon 12:00:00", "tap"), ("Mon 13:00:00", "Mon 18:00:00", "tap")]
    await record(pool, event("08:00:00", 9))
    assert await spans(pool) == [
        ("Mon 08:00:00", "Mon 09:00:00", "tap"),
        ("Mon 12:00:00", "Mon 13:00:00", "tap"),
        ("Mon 18:00:00", None, None),
    ]


def busy_days(seed: int) -> list[Event]:
    """30 events of three days, some within a double tap of another, some of the same second."""
    chance = random.Random(seed)  # noqa: S311 - no secret: repeatable days
    moments = [
        at("08:00", chance.randrange(3)) + timedelta(seconds=chance.choice((0, 20, 45, 60, 4000)) * chance.randrange(9))
        for _ in range(30)
    ]
    return [Event(moment, number, 40.37, 49.85) for number, moment in enumerate(moments, start=1)]


async def by_eight(work: Iterable[Event], pool: PrimaryPool, person: int) -> None:
    """Record the events in this order, eight at a time."""
    left = iter(work)

    async def worker() -> None:
        for each in left:
            await record(pool, each, person)

    await asyncio.gather(*(worker() for _ in range(8)))


@pytest.mark.parametrize("seed", range(4))
async def test_eight_workers_at_once_end_in_the_same_rows_as_one_after_another(pool: PrimaryPool, seed: int) -> None:
    events = busy_days(seed)
    for each in sorted(events):
        await record(pool, each, PERSON)
    shuffled = [*events, *events[:10]]  # some come twice
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - as above
    await by_eight(shuffled, pool, PERSON + 7)
    assert await sessions(pool, PERSON + 7) == await sessions(pool, PERSON)
    counts = await rows(pool, "SELECT user_id, count(*) FROM attendance_events GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in counts] == [(PERSON, 30), (PERSON + 7, 30)]


@pytest.mark.parametrize("seed", range(4))
async def test_only_the_last_session_may_be_open_and_none_overlap(pool: PrimaryPool, seed: int) -> None:
    shuffled = busy_days(100 + seed)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - as above
    for each in shuffled:
        await record(pool, each)
        found = await rows(pool, "SELECT start_time, end_time FROM sessions ORDER BY start_time")
        assert all(end is not None and end <= later for (_, end), (later, _) in itertools.pairwise(found))


async def lates(pool: PrimaryPool, person: int = PERSON) -> list[Row]:
    """Each session's day, lateness in seconds and whether that is excused."""
    found = await rows(
        pool,
        "SELECT workday, late_seconds, excused FROM sessions WHERE user_id = $1 ORDER BY start_time",
        person,
    )
    return [tuple(row) for row in found]


async def test_late_is_who_comes_after_the_grace_and_only_with_the_first_arrival_of_a_working_day(
    pool: PrimaryPool,
) -> None:
    for number, (clock, day) in enumerate((("09:12", 0), ("13:00", 0), ("14:00", 0), ("09:10", 1), ("12:00", 5))):
        await record(pool, event(clock, number, day))
    saturday = MONDAY + timedelta(days=5)
    assert await lates(pool) == [
        (MONDAY, 720, False),
        (MONDAY, None, False),
        (MONDAY + timedelta(days=1), 0, False),
        (saturday, None, False),
    ]


async def test_a_person_on_nights_is_late_by_their_own_clock_and_stays_in_one_day(pool: PrimaryPool) -> None:
    guard = replace(LEMAN, plan=((MONDAY, NIGHTS),))
    for each in (event("22:30", 1), event("06:05", 2, day=1)):
        async with page_of(pool, guard) as book:
            await book.record(Sent(each, None, each.sent_at, each.sent_at))
    assert await spans(pool) == [("Mon 22:30:00", "Tue 06:05:00", "tap")]
    assert await lates(pool) == [(MONDAY, 1800, False)]


async def test_a_schedule_that_moves_the_bounds_of_a_day_counts_no_time_twice(pool: PrimaryPool) -> None:
    """Nights from Tuesday on, said on Tuesday at 13:15: until 14:00 it is Monday still."""
    for number, (clock, day) in enumerate((("09:00", 0), ("18:00", 0), ("09:00", 1), ("13:00", 1))):
        await record(pool, event(clock, number, day))
    guard = replace(LEMAN, plan=((MONDAY + timedelta(days=1), NIGHTS),))
    for each in (event("13:30", 4, day=1), event("22:00", 5, day=1)):
        async with page_of(pool, guard) as book:
            await book.record(Sent(each, None, each.sent_at, each.sent_at))
    assert await spans(pool) == [
        ("Mon 09:00:00", "Mon 18:00:00", "tap"),
        ("Tue 09:00:00", "Tue 13:00:00", "tap"),
        ("Tue 13:30:00", "Tue 14:00:00", "boundary"),
        ("Tue 22:00:00", None, None),
    ]


async def test_a_day_whose_first_session_was_moved_to_another_day_leaves_no_second_one_behind(
    pool: PrimaryPool,
) -> None:
    """Nights from Tuesday on, said on Tuesday at 15:10: what came before 14:00 is Monday's, and Tuesday has a gap."""
    for number, clock in enumerate(("09:00", "13:00", "15:00")):
        await record(pool, event(clock, number, 1))
    guard = replace(LEMAN, plan=((MONDAY + timedelta(days=1), NIGHTS),))
    for each in (event("13:30", 4, day=1), event("22:00", 5, day=1)):
        async with page_of(pool, guard) as book:
            await book.record(Sent(each, None, each.sent_at, each.sent_at))
    assert await spans(pool) == [
        ("Tue 09:00:00", "Tue 13:00:00", "tap"),
        ("Tue 13:30:00", "Tue 14:00:00", "boundary"),
        ("Tue 15:00:00", "Tue 22:00:00", "tap"),
    ]


async def test_an_undone_check_out_leaves_the_session_open_and_its_later_ones_gone(pool: PrimaryPool) -> None:
    for number, clock in enumerate(("09:00", "12:00", "13:00"), start=1):
        await record(pool, event(clock, number))
    async with page_of(pool) as book:
        page = await book.undo([event("12:00", 2).ref], at("13:01"))
    assert page.day.roles[event("12:00", 2)] is Role.UNDONE
    assert await spans(pool) == [("Mon 09:00:00", "Mon 13:00:00", "tap")]


async def test_a_correction_takes_the_taps_place_and_the_log_keeps_both(pool: PrimaryPool) -> None:
    await record(pool, event("09:30", 1))
    await record(pool, event("09:05", 2, day=1))
    asked = Correction(at("09:06", 1), 3, at("09:00"), at("18:00"))
    async with page_of(pool) as book:
        await book.correct(Approved(asked, MONDAY, actor_id=7, reason="telefon evdə qalmışdı"), at("10:00", 1))
    assert await spans(pool) == [("Mon 09:00:00", "Mon 18:00:00", "correction"), ("Tue 09:05:00", None, None)]
    assert (await lates(pool))[0] == (MONDAY, 0, False)
    kinds = await rows(pool, "SELECT kind, actor_id, reason FROM attendance_events ORDER BY sent_at, update_id")
    assert [tuple(row) for row in kinds] == [
        ("location", None, None),
        ("location", None, None),
        ("correction", 7, "telefon evdə qalmışdı"),
    ]


async def test_a_correction_without_an_end_is_a_session_that_the_next_tap_closes(pool: PrimaryPool) -> None:
    asked = Correction(at("14:00"), 3, at("09:00"), None)
    async with page_of(pool) as book:
        await book.correct(Approved(asked, MONDAY, actor_id=7, reason="unutdum"), at("14:30"))
    await record(pool, event("18:00", 4))
    assert await spans(pool) == [("Mon 09:00:00", "Mon 18:00:00", "tap")]


async def test_an_amnesty_in_the_log_excuses_the_late_arrival_for_good(pool: PrimaryPool) -> None:
    await record(pool, event("09:40", 1))
    await rows(
        pool,
        "INSERT INTO attendance_events (user_id, sent_at, update_id, kind, received_at)"
        " SELECT user_id, sent_at, update_id, 'amnesty', now() FROM attendance_events",
    )
    await record(pool, event("18:00", 2))
    assert await lates(pool) == [(MONDAY, 2400, True)]


async def test_a_location_that_arrives_after_its_day_is_over_does_not_stay_open(pool: PrimaryPool) -> None:
    async with page_of(pool) as book:
        await book.record(Sent(event("09:00", 1), None, at("04:00", 1), at("04:00", 1)))
    assert await spans(pool) == [("Mon 09:00:00", "Tue 04:00:00", "boundary")]


async def test_the_forgotten_check_out_of_the_last_day_at_work_is_found_until_it_is_asked_about(
    pool: PrimaryPool,
) -> None:
    friday, came_again = MONDAY + timedelta(days=-3), Sent(event("09:00", 2), None, at("09:01"), at("09:01"))
    async with page_of(pool) as book:
        first = Sent(event("09:00", 1, day=-3), None, at("09:01", -3), at("09:01", -3))
        assert (await book.record(first)).forgotten is None
    for _ in range(2):  # the day before was still open, and then it was not
        async with page_of(pool) as book:
            assert (await book.record(came_again)).forgotten == (friday, at("09:00", -3))
    await rows(
        pool,
        "INSERT INTO corrections (user_id, workday, arrived_at, reason, asked_at, update_id)"
        " VALUES ($1, $2, now(), '', now(), 1)",
        PERSON,
        friday,
    )
    async with page_of(pool) as book:
        assert (await book.record(came_again)).forgotten is None


Deed = Callable[[Book], Awaitable[object]]


def deeds() -> list[Deed]:
    """Two days of work, with a mistaken check-out that is undone, a correction and a forgotten check-out."""

    def tap(clock: str, update_id: int, day: int = 0) -> Deed:
        happened = event(clock, update_id, day)
        return lambda book: book.record(Sent(happened, None, happened.sent_at, happened.sent_at))

    asked = Correction(at("09:20", 2), 6, at("09:00", 1), at("17:30", 1))
    return [
        tap("09:00", 1),
        tap("12:00", 2),
        lambda book: book.undo([event("12:00", 2).ref], at("12:01")),
        tap("18:00", 3),
        tap("09:15", 4, 1),
        lambda book: book.correct(Approved(asked, MONDAY + timedelta(days=1), 7, "unutdum"), at("10:00", 2)),
        tap("09:10", 5, 2),
    ]


async def test_every_order_of_taps_an_undo_a_correction_and_a_forgotten_check_out_ends_in_the_same_rows(
    pool: PrimaryPool,
) -> None:
    chance = random.Random(5)  # noqa: S311 - no secret: repeatable orders
    found = set()
    for number in range(60):
        person = replace(LEMAN, user_id=PERSON + number)
        for deed in chance.sample(deeds(), 7):
            async with page_of(pool, person) as book:
                await deed(book)
        late = await lates(pool, PERSON + number)
        found.add((tuple(await sessions(pool, PERSON + number)), tuple(late)))
    ((spent, lateness),) = found
    assert [row[2:5] for row in spent] == [
        (at("09:00"), at("18:00"), "tap"),
        (at("09:00", 1), at("17:30", 1), "correction"),
        (at("09:10", 2), None, None),
    ]
    assert [row[1] for row in lateness] == [0, 0, 0]
