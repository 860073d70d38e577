"""The whole way: Telegram's update in at the webhook, a row in PostgreSQL, a reply with its address under the cap."""

import asyncio
import signal
from pathlib import Path

import pytest

from local.folders import LOGS
from shared.texts import LANGUAGES, texts_in
from tests.integration.company import ONE_OF_EACH, Engines, company


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


async def test_everybody_is_recorded_once_and_answered_once_with_an_address_under_the_cap(rooms: Engines) -> None:
    async with company(rooms, employees=100) as office:
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()
        assert await office.recorded() == (100, 100)
        assert await office.database.fetchval("SELECT count(*) FROM sessions WHERE start_address IS NOT NULL") == 100
        seen = office.figures
        assert seen.replies_per_person == {1: 100}
        assert seen.calls <= 120, "addresses go inside replies; edits are for the first ones, whom nothing holds up"
        assert seen.most_in_one_second <= 30
        assert seen.refused_calls == 0
        assert set((await office.fleet.stop_all()).values()) == {0}, "SIGTERM is an ordered drain, with status 0"


async def test_posting_every_update_three_times_changes_nothing(rooms: Engines) -> None:
    async with company(rooms, employees=60) as office:
        office.telegram.faults.duplicates = 3
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()

        def everything_was_posted() -> bool:
            return len(office.telegram.ledger.webhook) == 180

        await office.telegram.until(everything_was_posted)
        await office.fleet.stop_all()  # what is in hand is finished first
        assert await office.recorded() == (60, 60)
        assert office.figures.replies_per_person == {1: 60}
        changed = [call.chat_id for call in office.telegram.ledger.calls if not call.sent_a_message]
        assert len(changed) == len(set(changed)), "an address that came late is told once"


async def test_start_greets_and_shows_the_button_and_a_day_has_its_end(rooms: Engines) -> None:
    async with company(rooms, employees=1) as office:
        anna = office.crowd.employees[0]
        office.crowd.press_start(anna)
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) == 1)
        office.crowd.send_location(anna)
        await office.everybody_answered()
        greeting, checked_in = (message for message in office.telegram.chat(anna.id) if message.from_bot)
        assert greeting.markup is not None
        assert greeting.markup["keyboard"][0][0]["request_location"] is True
        assert greeting.markup["is_persistent"] is True
        assert checked_in.markup is None
        assert anna.first_name in checked_in.text
        farewells = [texts_in(language).say("farewell-opened") for language in LANGUAGES]
        assert any(farewell in checked_in.text for farewell in farewells)
        assert await office.recorded() == (1, 1)


@pytest.mark.long
async def test_kill_9_of_a_worker_in_the_burst_loses_nobody_and_keeps_the_cap(rooms: Engines) -> None:
    async with company(rooms, employees=150) as office:
        await office.crowd.everyone_checks_in()
        await office.telegram.until(lambda: office.figures.webhook_accepted >= 40)
        await office.fleet.kill("checkin_worker-1")
        await office.fleet.start("checkin_worker-1")
        await office.everybody_answered()
        assert await office.recorded() == (150, 150)
        assert office.figures.replies_per_person == {1: 150}
        assert office.figures.most_in_one_second <= 30


@pytest.mark.long
async def test_kill_9_of_a_worker_that_has_recorded_hundreds_and_not_told_them_tells_each_of_them_once(
    rooms: Engines,
) -> None:
    async with company(rooms, 400, {**ONE_OF_EACH, "checkin_worker": 1}) as office:
        await office.crowd.everyone_checks_in()
        while (await office.recorded())[0] < 250:  # noqa: ASYNC110 - a row that another process writes is no event of ours
            await asyncio.sleep(0.01)
        told = await office.metric("checkin_worker", 'fleet_settled_total{fate="done",queue="updates"}')
        await office.fleet.kill("checkin_worker")
        in_line = (await office.recorded())[0] - told
        await office.fleet.start("checkin_worker")
        assert in_line >= 100, "else this shows nothing"
        await office.everybody_answered()
        assert await office.recorded() == (400, 400)
        assert office.figures.replies_per_person == {1: 400}


async def test_kill_9_of_the_active_sender_in_the_burst_loses_nobody_and_keeps_the_cap(rooms: Engines) -> None:
    async with company(rooms, employees=150) as office:
        active = await office.active_sender()
        await office.crowd.everyone_checks_in()
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) >= 45)
        before = len(office.telegram.ledger.calls)
        await office.fleet.kill(active)
        await office.fleet.start(active)  # the new process must not begin with a full budget
        # Not by the address: of what was under way Redis may not know that it was sent, and then none finds it.
        await office.telegram.until(lambda: office.figures.replies_per_person.get(0, 0) == 0, 60)
        assert await office.recorded() == (150, 150)
        seen = office.figures
        assert seen.replies_per_person.get(0, 0) == 0
        assert before > 0
        assert seen.calls <= 150 + 30, "repeated at most what was in flight"
        assert seen.most_in_one_second <= 30
        assert seen.refused.keys() <= {400}, "an edit that was made already, of which the answer was lost"


@pytest.mark.long
async def test_an_active_sender_that_is_stopped_in_the_burst_hands_over_at_once_and_nothing_is_sent_twice(
    rooms: Engines,
) -> None:
    async with company(rooms, employees=150) as office:
        active = await office.active_sender()
        await office.crowd.everyone_checks_in()
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) >= 45)
        assert await office.fleet.stop(active) == 0
        await office.fleet.start(active)
        await office.everybody_answered()
        assert await office.recorded() == (150, 150)
        seen = office.figures
        assert seen.replies_per_person == {1: 150}
        assert seen.most_in_one_second <= 30
        assert seen.refused_calls == 0
        assert await office.metric(await office.active_sender(), 'sender_takeovers_total{how="bequeathed"}') == 1.0


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_an_active_sender_that_is_frozen_and_thaws_neither_breaks_the_cap_nor_keeps_anybody_waiting(
    rooms: Engines,
) -> None:
    async with company(rooms, employees=150) as office:
        active = await office.active_sender()
        await office.crowd.everyone_checks_in()
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) >= 45)
        office.fleet.send(active, signal.SIGSTOP)
        try:
            # RabbitMQ notices by the missing heartbeats; then the other one takes over.
            await office.telegram.until(lambda: len(office.telegram.ledger.calls) >= 90, 90)
        finally:
            office.fleet.send(active, signal.SIGCONT)
        await office.everybody_answered()
        assert await office.recorded() == (150, 150)
        seen = office.figures
        assert seen.replies_per_person.get(0, 0) == 0
        assert seen.calls <= 150 + 30, "repeated at most what was in flight"
        assert seen.most_in_one_second <= 30
