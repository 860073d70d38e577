"""A location through a worker: recorded and answered, or refused with a reason."""

from collections.abc import AsyncIterator, Mapping

import pytest
from aio_pika.abc import AbstractConnection

from shared.contracts import OutboundCall
from tests.integration.desk_side import PERSON, DeskSide, desk_side, worker_settings

HEAD = (40.3777, 49.8920)
INTERN = PERSON + 1


@pytest.fixture
async def at_office(worker: DeskSide) -> DeskSide:
    """A worker of a company with one office of 150 m and a schedule from 09:00 with ten minutes of grace."""
    await worker.rows(
        "INSERT INTO offices (name, latitude, longitude, radius_m, timezone, address)"
        " VALUES ('Baş ofis', $1, $2, 150, 'Asia/Baku', 'Neftçilər pr. 1')",
        *HEAD,
    )
    await worker.rows(
        "WITH s AS (INSERT INTO schedules (name, starts, ends, grace_minutes, country) VALUES"
        " ('office', '09:00', '18:00', 10, 'AZ') RETURNING schedule_id),"
        " e AS (INSERT INTO employees (user_id, full_name) VALUES ($1, 'Ləman') RETURNING user_id)"
        " SELECT 1",
        PERSON,
    )
    await worker.rows(
        "INSERT INTO schedule_assignments SELECT user_id, '2026-01-01', schedule_id FROM employees, schedules"
    )
    return worker


@pytest.fixture
async def only_live(database_url: str, queues: AbstractConnection) -> AsyncIterator[DeskSide]:
    """A worker of a company that takes live locations only."""
    async with desk_side(worker_settings(database_url, location_policy="live"), queues) as side:
        yield side


def lines(calls: list[OutboundCall]) -> list[str]:
    (call,) = calls
    return str(call.params["text"]).splitlines()


def button(calls: list[OutboundCall]) -> str:
    """The data of the only button below the only message."""
    (call,) = calls
    ((only,),) = call.params["reply_markup"]["inline_keyboard"]
    return str(only["callback_data"])


async def recorded(worker: DeskSide) -> int:
    return int((await worker.rows("SELECT count(*) FROM attendance_events WHERE kind = 'location'"))[0][0])


async def test_somebody_late_is_told_by_how_much(worker: DeskSide) -> None:
    worker.later(hours=1, minutes=14)
    assert "🟠 Gecikmə: 12 dəqiqə" in lines(await worker.tap())


async def test_inside_the_office_its_name_is_said_and_no_address_is_asked_for(at_office: DeskSide) -> None:
    said = lines(await at_office.tap(*HEAD, horizontal_accuracy=12.0))
    assert "📍 Baş ofis" in said
    assert "🟠 Gecikmə: 58 dəqiqə" in said
    assert await at_office.asked() == []
    (row,) = await at_office.rows("SELECT fence, distance_m, address, office_id FROM attendance_events")
    assert (row["fence"], row["distance_m"], row["address"]) == ("inside", 0, "Neftçilər pr. 1")
    (row,) = await at_office.rows("SELECT start_fence, start_office_id, late_seconds FROM sessions")
    assert (row["start_fence"], row["late_seconds"]) == ("inside", 58 * 60 + 7)


async def test_outside_the_office_a_check_in_counts_and_its_address_is_asked_for(at_office: DeskSide) -> None:
    (call,) = await at_office.tap(40.5, 50.0, horizontal_accuracy=12.0)
    assert call.awaits_enrichment
    assert len(await at_office.asked()) == 1
    (row,) = await at_office.rows("SELECT fence, distance_m FROM attendance_events")
    assert row["fence"] == "outside"
    assert row["distance_m"] == pytest.approx(16_400, rel=0.01)


async def test_an_uncertain_check_in_is_confirmed_by_a_live_location_and_not_closed_by_it(at_office: DeskSide) -> None:
    said = lines(await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0))
    assert "Canlı" in said[-2]
    at_office.later(minutes=3)
    confirmed = lines(await at_office.tap(*HEAD, horizontal_accuracy=8.0, live_period=900))
    assert confirmed[0] == "📡 Yeriniz dəqiqləşdi, təşəkkürlər!"
    ((start_fence, end_time),) = await at_office.rows("SELECT start_fence, end_time FROM sessions")
    assert (start_fence, end_time) == ("inside", None)


def moved(
    worker: DeskSide, latitude: float, longitude: float, accuracy: float, *, since: int = 60
) -> Mapping[str, object]:
    """An edit of the live location that was sent so many seconds ago: it has moved."""
    user = {"id": PERSON, "is_bot": False, "first_name": "Ləman", "language_code": "az"}
    place = {"latitude": latitude, "longitude": longitude, "horizontal_accuracy": accuracy, "live_period": 900}
    chat = {"id": PERSON, "type": "private", "first_name": "Ləman"}
    edited = int(worker.now.timestamp())
    dates = {"date": edited - since, "edit_date": edited}
    return {"edited_message": {"message_id": 1, "from": user, "chat": chat, "location": place, **dates}}


async def test_a_live_location_that_comes_inside_confirms_itself_once(at_office: DeskSide) -> None:
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0, live_period=900)
    at_office.later(minutes=1)
    assert await at_office.give(moved(at_office, 40.3790, 49.8920, 60.0)) == [], "still uncertain"
    assert lines(await at_office.give(moved(at_office, *HEAD, 8.0)))[0].startswith("📡")
    assert await at_office.give(moved(at_office, *HEAD, 8.0)) == [], "nothing more to say"
    ((start_fence, end_time),) = await at_office.rows("SELECT start_fence, end_time FROM sessions")
    assert (start_fence, end_time) == ("inside", None)


async def test_a_second_look_that_is_not_clear_either_is_not_thanked_for(at_office: DeskSide) -> None:
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0)
    at_office.later(minutes=3)
    said = lines(await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0))
    assert said[0] == "☑️ Gəlişiniz artıq qeydə alınıb"
    assert "Canlı" in said[-2], "asked again"


async def test_a_live_location_that_comes_clear_outside_gets_its_address(at_office: DeskSide) -> None:
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0, live_period=900)
    await at_office.asked()
    at_office.later(minutes=1)
    (call,) = await at_office.give(moved(at_office, 40.5, 50.0, 8.0))
    (asked,) = await at_office.asked()
    assert (asked.reply_key, asked.latitude) == (call.key, 40.5)


async def test_of_a_live_location_no_more_is_kept_than_what_cleared_it_up(at_office: DeskSide) -> None:
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0, live_period=28_800)
    for minutes in range(1, 40):
        at_office.later(minutes=1)
        await at_office.give(moved(at_office, *HEAD, 8.0, since=minutes * 60))
    kept = await at_office.rows("SELECT kind, count(*) FROM attendance_events GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in kept] == [("evidence", 1), ("location", 1)]


async def test_of_two_positions_the_earlier_one_clears_it_up_in_whatever_order_they_are_handled(
    at_office: DeskSide,
) -> None:
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0, live_period=900)
    at_office.later(minutes=2)
    await at_office.give(moved(at_office, 40.5, 50.0, 8.0, since=120))
    at_office.later(minutes=-1)
    await at_office.give(moved(at_office, *HEAD, 8.0))
    ((start_fence,),) = await at_office.rows("SELECT start_fence FROM sessions")
    assert start_fence == "inside"


async def test_a_live_location_that_moves_on_costs_no_row_and_no_word(worker: DeskSide) -> None:
    await worker.tap(live_period=900)
    worker.later(minutes=1)
    before = await worker.rows("SELECT count(*) FROM inbox")
    assert await worker.give(moved(worker, 41.0, 50.0, 8.0)) == []
    assert await worker.rows("SELECT count(*) FROM inbox") == before


async def test_three_taps_share_a_topic_and_the_newest_answer_tells_all_that_the_first_told(
    at_office: DeskSide,
) -> None:
    answers = []
    for _ in range(3):
        answers += await at_office.tap(*HEAD, horizontal_accuracy=12.0)
        at_office.later(seconds=5)
    first, *again = (str(call.params["text"]).splitlines() for call in answers)
    assert [said[1:] for said in again] == [first[1:]] * 2
    assert "🟠 Gecikmə: 58 dəqiqə" in first
    (topic,) = {call.topic for call in answers}
    assert topic is not None


async def test_the_answer_to_a_repeated_check_out_brings_the_button_that_undoes_it(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(hours=9)
    (first,) = await worker.tap()
    worker.later(seconds=5)
    (again,) = await worker.tap()
    assert again.params["reply_markup"] == first.params["reply_markup"]
    assert again.topic == first.topic


async def test_the_address_is_asked_for_again_with_a_repetition_whose_answer_may_go_out_alone(worker: DeskSide) -> None:
    for _ in range(2):
        await worker.tap()
    first, again = await worker.asked()
    assert (first.reply_key, again.reply_key) == ("1:0", "2:0")
    assert again.event == first.event, "it is of the entry"


async def test_an_answer_that_asks_about_a_forgotten_check_out_is_not_replaced_by_that_to_a_repetition(
    worker: DeskSide,
) -> None:
    await worker.tap()
    worker.later(days=1)
    (asks,), (again,) = await worker.tap(), await worker.tap()
    assert "reply_markup" in asks.params
    assert "reply_markup" not in again.params
    assert asks.topic is None
    assert again.topic is not None


async def test_a_repetition_after_a_long_queue_tells_of_the_delay_of_the_entry(worker: DeskSide) -> None:
    sent = int(worker.now.timestamp())
    worker.later(seconds=40)
    (first,) = await worker.write({**PLACE, "date": sent})
    worker.later(seconds=2)
    (again,) = await worker.write({**PLACE, "date": sent + 30})
    delayed = "⏳ Göndərildi: 09:58:07, qeydə alındı: 09:58:48. Göndərdiyiniz vaxt sayılır."
    assert delayed in lines([first])
    assert lines([again])[1:] == lines([first])[1:]


async def test_the_check_in_the_second_look_and_the_repetition_bear_one_number_and_the_check_out_another(
    at_office: DeskSide,
) -> None:
    said = [await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0, live_period=900)]
    at_office.later(minutes=1)
    said.append(await at_office.give(moved(at_office, *HEAD, 8.0)))
    said.append(await at_office.tap(*HEAD, horizontal_accuracy=8.0))
    assert [each[0].topic is None for each in said] == [False, True, False], "thanks say less than an answer"
    (number,) = {lines(each)[-1] for each in said}
    at_office.later(hours=8)
    gone = await at_office.tap(*HEAD, horizontal_accuracy=8.0)
    assert lines(gone)[-1] != number
    _, undone = await at_office.press(button(gone))
    assert lines([undone])[-1] == lines(gone)[-1], "of what was undone"


ELSEWHERE = {"id": 77, "is_bot": False, "first_name": "Başqası"}
PLACE = {"location": {"latitude": HEAD[0], "longitude": HEAD[1]}}
VENUE = {"location": PLACE["location"], "title": "Ofis", "address": "Neftçilər pr. 1"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"forward_origin": {"type": "user", "date": 1, "sender_user": ELSEWHERE}}, "Yönləndirilmiş"),
        ({"via_bot": {"id": 78, "is_bot": True, "first_name": "Yer"}}, "Başqa botla"),
        ({"venue": VENUE}, "məkan"),
        ({"is_from_offline": True}, "Planlaşdırılmış"),
        ({"location": {"latitude": 91, "longitude": 49}}, "yer yoxdur"),
    ],
    ids=["forwarded", "via a bot", "a venue", "scheduled", "nowhere"],
)
async def test_a_location_that_proves_nothing_is_refused_with_the_reason_and_recorded_nowhere(
    worker: DeskSide, fields: dict[str, object], reason: str
) -> None:
    said = await worker.write({**PLACE, **fields})
    assert reason in lines(said)[0]
    assert said[0].params["reply_markup"]["keyboard"], "the button comes with it"
    assert await recorded(worker) == 0


async def test_where_only_live_locations_count_the_button_is_refused_with_how_to_do_it(only_live: DeskSide) -> None:
    assert "canlı yer" in lines(await only_live.tap())[0]
    assert await recorded(only_live) == 0
    assert lines(await only_live.tap(live_period=900))[0] == "✅ Gəlişiniz qeydə alındı"


async def test_an_undo_within_two_minutes_reopens_the_session(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(hours=9)
    undo = button(await worker.tap())
    shown = worker.now
    worker.later(seconds=115)
    answer, said = await worker.press(undo, shown=shown)
    assert answer.method == "answerCallbackQuery"
    assert lines([said])[0] == "↩️ Gediş ləğv edildi, işdəsiniz. Gəliş: 09:58."
    ((end_time,),) = await worker.rows("SELECT end_time FROM sessions")
    assert end_time is None
    (again,) = await worker.press(undo, shown=shown)
    assert again.params["text"] == "Ləğv ediləcək gediş yoxdur."


async def test_an_undo_after_two_minutes_is_too_late_and_says_what_to_do(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(hours=9)
    undo = button(await worker.tap())
    shown = worker.now
    worker.later(seconds=121)
    (answer,) = await worker.press(undo, shown=shown)
    assert "/correct" in answer.params["text"]
    ((end_time,),) = await worker.rows("SELECT end_time FROM sessions")
    assert end_time is not None


async def test_an_old_check_out_is_not_undone_by_a_press_below_a_new_message(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(hours=9)
    undo = button(await worker.tap())
    worker.later(hours=1)
    (answer,) = await worker.press(undo, shown=worker.now)
    assert "/correct" in answer.params["text"]
    ((closed_by,),) = await worker.rows("SELECT closed_by FROM sessions")
    assert closed_by == "tap"


async def test_an_undo_reopens_the_session_though_a_second_look_confirmed_the_check_out(at_office: DeskSide) -> None:
    await at_office.tap(*HEAD, horizontal_accuracy=8.0)
    at_office.later(hours=8)
    await at_office.tap(40.3790, 49.8920, horizontal_accuracy=60.0)
    at_office.later(seconds=70)
    undo = button(await at_office.tap(*HEAD, horizontal_accuracy=8.0, live_period=900))
    _, said = await at_office.press(undo)
    assert "işdəsiniz" in said.params["text"]
    ((end_time,),) = await at_office.rows("SELECT end_time FROM sessions")
    assert end_time is None


async def test_nobody_undoes_another_persons_check_out(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(hours=9)
    undo = button(await worker.tap())
    (answer,) = await worker.press(undo, person=INTERN)
    assert answer.params["text"] == "Ləğv ediləcək gediş yoxdur."
    ((end_time,),) = await worker.rows("SELECT end_time FROM sessions")
    assert end_time is not None


async def test_a_recording_that_came_late_says_both_times_and_the_sent_one_counts(
    database_url: str, queues: AbstractConnection
) -> None:
    """Sent in time, at 10:59:58, and recorded after eleven: nobody is late because a queue was long."""
    async with desk_side(worker_settings(database_url), queues) as side:
        side.later(hours=1, minutes=1, seconds=51)
        sent = side.now
        side.later(seconds=32)
        (call,) = await side.write({**PLACE, "date": int(sent.timestamp())})
        said = str(call.params["text"]).splitlines()
        assert "🟢 Vaxtında" in said
        assert "⏳ Göndərildi: 10:59:58, qeydə alındı: 11:00:31. Göndərdiyiniz vaxt sayılır." in said


async def test_the_next_check_in_asks_about_a_forgotten_check_out_with_a_ready_correction(worker: DeskSide) -> None:
    await worker.tap()
    worker.later(days=1)
    said = await worker.tap()
    assert "6 iyl 2026 gedişinizi" in lines(said)[-2]
    assert button(said).startswith("left:2026-07-06:")
    ((_, by), (_, still)) = await worker.rows("SELECT end_time, closed_by FROM sessions ORDER BY start_time")
    assert (by, still) == ("boundary", None)


async def test_a_chatty_person_gets_one_hint_and_then_silence_for_a_while(worker: DeskSide) -> None:
    answers = [len(await worker.text("salam")) for _ in range(5)]
    assert answers == [1, 0, 0, 0, 0]
    worker.later(seconds=20)
    assert len(await worker.text("salam")) == 1


async def test_the_buttons_label_as_text_gets_use_your_phone_in_whatever_language(worker: DeskSide) -> None:
    assert "telefonda" in lines(await worker.text("📍 Yerimi göndər"))[0]
    worker.later(minutes=1)
    (call,) = await worker.text("📍 Send my location", person=INTERN, language="en")
    assert "on your phone" in call.params["text"]


async def test_people_are_spoken_to_in_the_language_of_their_telegram(worker: DeskSide) -> None:
    (call,) = await worker.text("/start", person=INTERN, language="ru-RU")
    assert call.params["text"].startswith("Здравствуйте")
    (call,) = await worker.text("/start", person=INTERN + 1, language="de")
    assert call.params["text"].startswith("Salam")


async def test_a_button_of_no_meaning_stops_spinning(worker: DeskSide) -> None:
    (call,) = await worker.press("no-such-thing")
    assert call.method == "answerCallbackQuery"
    assert call.params["text"] == "Bu düymə artıq işləmir."


async def test_whoever_presses_buttons_without_end_is_answered_once_a_second_on_average(worker: DeskSide) -> None:
    answers = [len(await worker.press("no-such-thing")) for _ in range(70)]
    assert answers == [1] * 60 + [0] * 10
    worker.later(minutes=1)
    assert len(await worker.press("no-such-thing")) == 1
