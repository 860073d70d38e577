"""`fleet remind`: who is due and has not tapped is reminded, once, whatever dies; nobody else is disturbed."""

import asyncio
import functools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import aio_pika
import asyncpg
import pytest
from pydantic import SecretStr

from local.engines import Engines
from ops.bulk import BulkPublisher, bulk_publisher
from ops.due import Company
from ops.reminders import Kind, Reminded, Reminders
from shared.contracts import OutboundCall, decode
from shared.errors import BrokerUnavailable
from shared.texts import texts_in
from shared.topology import BULK
from tests.integration.broker_side import held, until
from tests.integration.desk_side import PERSON, DeskSide
from tests.integration.ops_side import Said, baku, came, company_settings, connection, fleet, hire
from tests.integration.proxy import Proxy

MONDAY = date(2026, 7, 6)
TUESDAY = MONDAY + timedelta(days=1)
NEXT = baku(TUESDAY, "04:00")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


@pytest.fixture
async def publisher(rabbitmq_url: str) -> AsyncIterator[BulkPublisher]:
    async with bulk_publisher(SecretStr(rabbitmq_url), BULK.name) as opened:
        yield opened


async def remind(  # noqa: PLR0913 - each with its usual value
    db: asyncpg.Connection,
    publisher: BulkPublisher,
    now: datetime,
    kind: Kind = "checkin",
    *,
    consent: bool = False,
    before: int = 15,
) -> Reminded:
    company = await Company.read(db, company_settings())
    return await Reminders(db, company, kind, consent, timedelta(minutes=before)).remind(publisher, now)


async def queued(rabbitmq_url: str) -> list[OutboundCall]:
    return [decode(OutboundCall, message.body) for message in await held(rabbitmq_url, BULK.name)]


class Dies(BulkPublisher):
    """Publishes the calls, and dies before it hears of it; or does so before the first call."""

    def __init__(self, behind: BulkPublisher | None) -> None:
        self._behind = behind

    async def publish(self, calls: Sequence[OutboundCall]) -> None:
        if self._behind is not None:
            await self._behind.publish(calls)
        raise BrokerUnavailable("the process died here")


async def test_who_is_due_is_reminded_in_their_language_by_their_first_name(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    for person, language in enumerate(("az", "en", "ru", "tr", None), start=1):
        await hire(db, person, language=language)
    await db.execute("UPDATE employees SET telegram_language = 'ru-RU' WHERE user_id = 5")
    assert await remind(db, publisher, baku(MONDAY, "10:45")) == Reminded(5, Counter())
    calls = {call.chat_id: call for call in await queued(rabbitmq_url)}
    for person, language in enumerate(("az", "en", "ru", "tr", "ru"), start=1):
        text = texts_in(language).say("remind-checkin", name="Ləman", time="11:00")
        assert calls[person].params == {"chat_id": person, "text": text}
    assert (calls[1].key, calls[1].method) == ("remind:checkin:2026-07-06:1", "sendMessage")


async def test_a_reminder_is_due_from_a_while_before_the_shift_until_its_deadline(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await db.execute("INSERT INTO schedules (name, starts, ends, grace_minutes) VALUES ('day', '09:00', '18:00', 10)")
    moments = {"08:44": 0, "08:45": 1, "09:00": 1, "09:10": 1, "09:11": 0}
    for person, (clock, number) in enumerate(moments.items(), start=1):
        await hire(db, person)
        await db.execute("INSERT INTO schedule_assignments SELECT $1, $2, schedule_id FROM schedules", person, MONDAY)
        assert (await remind(db, publisher, baku(MONDAY, clock))).queued == number, clock
        await db.execute("UPDATE employees SET status = 'inactive'")
    await hire(db, 9)
    assert (await remind(db, publisher, baku(MONDAY, "10:20"), before=45)).queued == 1
    assert len(await queued(rabbitmq_url)) == 4


async def test_nobody_is_reminded_twice_of_the_same_but_again_on_the_next_day(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, 5)
    assert (await remind(db, publisher, baku(MONDAY, "10:50"))).queued == 1
    assert await remind(db, publisher, baku(MONDAY, "10:55")) == Reminded(0, Counter(reminded=1))
    assert (await remind(db, publisher, baku(TUESDAY, "10:50"))).queued == 1
    assert [call.key for call in await queued(rabbitmq_url)] == [
        "remind:checkin:2026-07-06:5",
        "remind:checkin:2026-07-07:5",
    ]


async def test_who_need_not_or_cannot_be_reminded_is_left_out_and_counted(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, 1, consent=1)
    await hire(db, 2)
    await hire(db, 3, chat=False)
    await hire(db, 4, consent=1)
    await came(db, 4, MONDAY, baku(MONDAY, "08:00"), NEXT)
    for person, status in ((5, "inactive"), (6, "pending"), (7, "forgotten")):
        await hire(db, person, status=status)
    left_out = Counter(unconsented=1, unseen=1, arrived=1)
    assert await remind(db, publisher, baku(MONDAY, "10:50"), consent=True) == Reminded(1, left_out)
    left_out = Counter(reminded=1, unseen=1, arrived=1)
    assert await remind(db, publisher, baku(MONDAY, "10:51")) == Reminded(1, left_out)
    assert [call.chat_id for call in await queued(rabbitmq_url)] == [1, 2]


@pytest.mark.parametrize("kind", ["checkin", "checkout"])
async def test_who_cannot_be_reached_is_left_out_until_they_write_again(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str, worker: DeskSide, kind: Kind
) -> None:
    await hire(db, 5, PERSON)
    for person in (5, PERSON):
        if kind == "checkout":
            await came(db, person, MONDAY, baku(MONDAY, "09:00"), NEXT)
    await db.execute("UPDATE employees SET unreachable_since = now()")
    moment = baku(MONDAY, "10:50" if kind == "checkin" else "18:10")
    assert await remind(db, publisher, moment, kind) == Reminded(0, Counter(unreachable=2))
    assert await db.fetchval("SELECT count(*) FROM reminders") == 0
    await worker.text("salam", person=PERSON)
    assert await remind(db, publisher, moment, kind) == Reminded(1, Counter(unreachable=1))
    assert [call.chat_id for call in await queued(rabbitmq_url)] == [PERSON]


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 7, 5), date(2026, 7, 8)])
async def test_nobody_is_reminded_on_a_holiday_at_the_weekend_or_on_a_day_that_the_company_has_off(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str, day: date
) -> None:
    await hire(db, 5)
    await db.execute("INSERT INTO holidays VALUES ('2026-07-08', true, 'bayram')")
    assert await remind(db, publisher, baku(day, "10:50")) == Reminded(0, Counter())
    assert await queued(rabbitmq_url) == []


async def test_who_has_not_left_when_the_shift_is_over_is_reminded_of_it_once(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, 1, 2, 3, 4)
    await came(db, 1, MONDAY, baku(MONDAY, "09:00"), NEXT)
    await came(db, 2, MONDAY, baku(MONDAY, "09:00"), NEXT)
    await db.execute("UPDATE sessions SET end_time = $1, closed_by = 'tap' WHERE user_id = 2", baku(MONDAY, "17:00"))
    await came(db, 3, MONDAY, baku(MONDAY, "18:30"), NEXT)
    assert (await remind(db, publisher, baku(MONDAY, "17:59"), "checkout")).queued == 0
    assert await remind(db, publisher, baku(MONDAY, "19:00"), "checkout") == Reminded(1, Counter({"arrived-after": 1}))
    assert (await remind(db, publisher, baku(MONDAY, "20:00"), "checkout")).queued == 0
    [call] = await queued(rabbitmq_url)
    assert call.key == "remind:checkout:2026-07-06:1"
    assert call.params["text"] == texts_in("az").say("remind-checkout", name="Ləman", time="18:00")


async def test_nobody_is_reminded_of_leaving_when_the_day_is_over(
    db: asyncpg.Connection, publisher: BulkPublisher
) -> None:
    await hire(db, 1)
    await came(db, 1, MONDAY, baku(MONDAY, "09:00"), NEXT)
    assert (await remind(db, publisher, NEXT, "checkout")).queued == 0
    assert (await remind(db, publisher, NEXT - timedelta(seconds=1), "checkout")).queued == 1


async def test_a_night_shift_in_another_zone_is_reminded_on_its_own_clock(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, 5)
    await db.execute("INSERT INTO schedules (name, starts, ends, country) VALUES ('night', '00:05', '08:00', NULL)")
    await db.execute("INSERT INTO schedule_assignments SELECT 5, $1, schedule_id FROM schedules", MONDAY)
    await db.execute(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
        "VALUES ('X', 41, 29, 100, 'Europe/Istanbul')"
    )
    await db.execute("INSERT INTO employee_offices (user_id, office_id) SELECT 5, office_id FROM offices")
    assert (await remind(db, publisher, baku(TUESDAY, "00:49"))).queued == 0
    assert (await remind(db, publisher, baku(TUESDAY, "00:50"))).queued == 1, "23:50 on Monday in Istanbul"
    await came(db, 5, TUESDAY, baku(TUESDAY, "01:00"), baku(TUESDAY + timedelta(days=1), "00:00"))
    assert (await remind(db, publisher, baku(TUESDAY, "08:59"), "checkout")).queued == 0
    assert (await remind(db, publisher, baku(TUESDAY, "09:00"), "checkout")).queued == 1
    keys_and_clocks = [(call.key, call.params["text"]) for call in await queued(rabbitmq_url)]
    assert [key for key, _ in keys_and_clocks] == ["remind:checkin:2026-07-07:5", "remind:checkout:2026-07-07:5"]
    assert "00:05" in keys_and_clocks[0][1]
    assert "08:00" in keys_and_clocks[1][1]


@pytest.mark.parametrize("published", [False, True])
async def test_a_run_that_died_is_completed_by_the_next_under_the_same_keys(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str, *, published: bool
) -> None:
    await hire(db, 5)
    with pytest.raises(BrokerUnavailable):
        await remind(db, Dies(publisher if published else None), baku(MONDAY, "10:50"))
    assert await db.fetchval("SELECT count(*) FROM reminders WHERE queued_at IS NULL") == 1
    assert (await remind(db, publisher, baku(MONDAY, "10:51"))).queued == 1
    assert (await remind(db, publisher, baku(MONDAY, "10:52"))).queued == 0
    calls = await queued(rabbitmq_url)
    assert len(calls) == 1 + published
    assert {(call.key, call.created_at) for call in calls} == {(calls[0].key, calls[0].created_at)}


async def test_a_claim_of_a_run_that_died_is_dropped_when_the_person_came_meanwhile(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, 5)
    with pytest.raises(BrokerUnavailable):
        await remind(db, Dies(None), baku(MONDAY, "10:50"))
    await came(db, 5, MONDAY, baku(MONDAY, "10:51"), NEXT)
    assert await remind(db, publisher, baku(MONDAY, "10:52")) == Reminded(0, Counter(arrived=1))
    assert await queued(rabbitmq_url) == []


async def test_two_runs_at_once_remind_everybody_once(
    db: asyncpg.Connection, database_url: str, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await hire(db, *range(1, 5001))
    async with connection(database_url) as other_db, bulk_publisher(SecretStr(rabbitmq_url), BULK.name) as other:
        now = baku(MONDAY, "10:50")
        one, two = await asyncio.gather(remind(db, publisher, now), remind(other_db, other, now))
    assert one.queued + two.queued == 5000
    calls = await queued(rabbitmq_url)
    assert (len(calls), len({call.key for call in calls})) == (5000, 5000)


async def test_what_another_run_has_in_hand_is_left_to_it(
    db: asyncpg.Connection, database_url: str, publisher: BulkPublisher
) -> None:
    await hire(db, 5, 6)
    async with connection(database_url) as other:
        await other.execute("INSERT INTO reminders (user_id, workday, kind) VALUES (5, $1, 'checkin')", MONDAY)
        async with other.transaction():
            await other.execute("SELECT FROM reminders FOR UPDATE")
            found = await remind(db, publisher, baku(MONDAY, "10:50"))
    assert found == Reminded(1, Counter(elsewhere=1))


async def test_a_reminder_says_until_when_it_is_useful_and_that_it_is_never_given_twice(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    async def ends() -> datetime:
        [message] = await held(rabbitmq_url, BULK.name)
        assert message.expiration is None, "the sender drops it, so that it does not end among the dead letters"
        call = decode(OutboundCall, message.body)
        assert (call.if_unknown, call.late_note) == ("leave", None)
        assert call.late_after is not None
        return datetime.fromtimestamp(round(call.created_at + call.late_after), UTC)

    await hire(db, 5)
    await remind(db, publisher, baku(MONDAY, "10:45"))
    assert await ends() == baku(MONDAY, "11:00")
    await hire(db, 6)
    await remind(db, publisher, baku(MONDAY, "11:00"))
    assert await ends() == baku(MONDAY, "11:01"), "a minute at least"
    await came(db, 5, MONDAY, baku(MONDAY, "10:50"), NEXT)
    await remind(db, publisher, baku(MONDAY, "18:05"), "checkout")
    assert await ends() == baku(MONDAY, "20:05")


async def test_a_worker_that_has_the_person_at_its_desk_waits_for_nothing(
    db: asyncpg.Connection, publisher: BulkPublisher, worker: DeskSide
) -> None:
    await worker.tap()
    await db.execute("DELETE FROM sessions")
    async with db.transaction():
        assert (await remind(db, publisher, baku(MONDAY, "10:50"))).queued == 1
        worker.later(minutes=5)
        assert len(await worker.tap()) == 1


async def test_a_queue_that_refuses_or_is_not_there_is_told_and_nothing_counts_as_queued(
    db: asyncpg.Connection, rabbitmq_url: str
) -> None:
    await hire(db, *range(1, 1001))
    async with bulk_publisher(SecretStr(rabbitmq_url), "no-such-queue") as nowhere:
        with pytest.raises(BrokerUnavailable):
            await remind(db, nowhere, baku(MONDAY, "10:50"))
    assert await db.fetchval("SELECT count(*) FROM reminders WHERE queued_at IS NOT NULL") == 0


async def test_a_connection_that_dies_in_the_middle_is_told_and_the_next_run_completes_it(
    db: asyncpg.Connection, database_url: str, engines: Engines, rabbitmq_url: str, publisher: BulkPublisher
) -> None:
    await hire(db, *range(1, 1001))
    async with (
        Proxy(engines.rabbitmq.port) as proxy,
        bulk_publisher(SecretStr(proxy.before(rabbitmq_url)), BULK.name) as lost,
        connection(database_url) as looking,
    ):
        proxy.freeze()
        running = asyncio.create_task(remind(db, lost, baku(MONDAY, "10:50")))
        await until(functools.partial(looking.fetchval, "SELECT EXISTS (SELECT FROM reminders)"))
        await proxy.cut()
        with pytest.raises(BrokerUnavailable):
            await running
    assert await db.fetchval("SELECT count(*) FROM reminders WHERE queued_at IS NULL") == 1000
    assert (await remind(db, publisher, baku(MONDAY, "10:50"))).queued == 1000
    assert {call.chat_id for call in await queued(rabbitmq_url)} == {*range(1, 1001)}


@pytest.mark.long
async def test_fifty_thousand_are_queued_and_the_second_run_finds_nobody(
    db: asyncpg.Connection, publisher: BulkPublisher, rabbitmq_url: str
) -> None:
    await db.execute(
        "INSERT INTO employees (user_id, chat_id, full_name, enrolled_at) "
        "SELECT n, n, 'Ləman Əliyeva', '2026-01-05' FROM generate_series(5100000001, 5100050000) n"
    )
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await remind(db, publisher, baku(MONDAY, "10:45"))).queued == 50_000
    took = loop.time() - started
    assert (await remind(db, publisher, baku(MONDAY, "10:46"))).queued == 0
    async with await aio_pika.connect(rabbitmq_url) as opened, opened.channel() as channel:
        queue = await channel.declare_queue(BULK.name, passive=True)
        assert queue.declaration_result.message_count == 50_000
    print(f"50,000 reminders queued in {took:.1f} s, {50_000 / took:,.0f} a second")  # noqa: T201 - a figure


async def test_the_command_says_how_many_and_why_not(
    db: asyncpg.Connection, database_url: str, rabbitmq_url: str
) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=10)).time().replace(second=0, microsecond=0)
    await db.execute(
        "INSERT INTO schedules (name, starts, ends, weekdays, country, timezone) "
        "VALUES ('soon', $1::time, $1::time + interval '8 hours', '{1,2,3,4,5,6,7}', NULL, 'UTC')",
        soon,
    )
    await hire(db, 1, 2, consent=1)
    await hire(db, 3, chat=False)
    await hire(db, 4, 5, 6, 7)
    await db.execute("UPDATE employees SET unreachable_since = now() WHERE user_id = 7")
    await db.execute(
        "INSERT INTO schedule_assignments SELECT user_id, '2026-01-01', schedule_id FROM employees, schedules"
    )
    engines = {"CONSENT": "required", "RABBITMQ_URL": rabbitmq_url}
    said = await fleet(database_url, "remind", "checkin", **engines)
    left_out = "3 have not consented, 1 cannot be reached, 1 never wrote to the bot"
    assert said == Said(0, f"2 people reminded; left out: {left_out}\n", [])
    said = await fleet(database_url, "remind", "checkout", **engines)
    assert said.out == "0 people reminded; left out: nobody\n"
    assert (await fleet(database_url, "remind", "checkin", "--before", 999, **engines)).status == 2
    assert len(await queued(rabbitmq_url)) == 2


async def test_engines_that_are_away_are_a_sentence_and_status_1(database_url: str, rabbitmq_url: str) -> None:
    nowhere = "127.0.0.1:1"
    ends = [
        await fleet(database_url, "remind", "checkin", RABBITMQ_URL=f"amqp://fleet:hunter2@{nowhere}/"),
        await fleet(f"postgresql://fleet:hunter2@{nowhere}/x", "remind", "checkin", RABBITMQ_URL=rabbitmq_url),
    ]
    for said in ends:
        assert said.status == 1
        assert len(said.problems) == 1
        assert said.problems[0].startswith("Reminding (are DATABASE_URL and RABBITMQ_URL right? run it again")
        assert "hunter2" not in said.problems[0]
    assert (await fleet(database_url, "remind", "checkin")).problems[0].startswith("RABBITMQ_URL: missing")
