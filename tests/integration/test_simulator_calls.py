"""What the Bot API's end sees of calls: flood limits, faults, the ledger."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local.families import descendants
from simulator.botapi.absence import Absence
from simulator.botapi.silence import REACTION
from simulator.crowd import Crowd
from simulator.faults import Faults
from simulator.ledger import Outcome, Rule, Violation
from simulator.report import figures
from simulator.server import Simulator, SimulatorConfig


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorConfig()) as simulator:
        yield simulator


@pytest.fixture
def crowd(telegram: Simulator) -> Crowd:
    return Crowd(telegram, employees=40)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def send(
    http: aiohttp.ClientSession,
    telegram: Simulator,
    chat_id: int,
    method: str = "sendMessage",
    **params: Any,  # noqa: ANN401 - whatever aiohttp takes
) -> dict[str, Any]:
    form = aiohttp.FormData({"chat_id": str(chat_id)})
    for name, value in (params or {"text": "salam"}).items():
        form.add_field(
            name, value if isinstance(value, bytes) else str(value), filename="x" if isinstance(value, bytes) else None
        )
    async with http.post(f"{telegram.url}/bot{telegram.token}/{method}", data=form) as answer:
        body: dict[str, Any] = await answer.json()
        assert body.get("error_code", 200) == answer.status
        return body


async def test_the_31st_call_within_a_second_is_refused_with_retry_after(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    answers = [await send(http, telegram, employee.id) for employee in crowd.employees[:31]]
    assert telegram.ledger.calls[30].arrived - telegram.ledger.calls[0].arrived < 1.0
    assert [answer["ok"] for answer in answers] == [True] * 30 + [False]
    assert answers[30] == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    assert figures(telegram).refused == {429: 1}
    assert figures(telegram).most_in_one_second == 31


async def test_the_fourth_message_to_a_person_at_once_is_refused(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    person = crowd.employees[0]
    answers = [await send(http, telegram, person.id) for _ in range(4)]
    assert [answer["ok"] for answer in answers] == [True, True, True, False]
    assert len(telegram.chat(person.id)) == 3


async def test_calls_that_bring_no_message_count_against_nothing(
    telegram: Simulator, http: aiohttp.ClientSession
) -> None:
    for _ in range(40):
        async with http.get(f"{telegram.url}/bot{telegram.token}/getMe") as answer:
            assert answer.status == 200
    assert telegram.ledger.calls == []
    assert len(telegram.ledger.other_calls) == 40


async def test_a_call_is_stamped_before_its_body_has_arrived(telegram: Simulator, crowd: Crowd) -> None:
    body = f"chat_id={crowd.employees[0].id}&text=salam".encode()
    reader, writer = await asyncio.open_connection(telegram.config.host, int(telegram.url.rpartition(":")[2]))
    head = f"POST /bot{telegram.token}/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n".encode())
    await telegram.until(lambda: len(telegram.ledger.calls) == 1)
    before_the_body = time.monotonic()
    writer.write(body)
    assert b"200 OK" in await reader.read()
    writer.close()
    assert telegram.ledger.calls[0].arrived < before_the_body


async def test_a_call_is_stamped_as_it_comes_though_nobody_has_the_time_to_read_it(
    telegram: Simulator, crowd: Crowd
) -> None:
    async with aiohttp.ClientSession() as http:
        await send(http, telegram, crowd.employees[0].id)  # the connection is made and will be used again
        relay = next(pid for pid in descendants(os.getpid()) if b"stamper.py" in _command_line(pid))
        os.kill(relay, signal.SIGSTOP)
        try:
            asking = asyncio.create_task(send(http, telegram, crowd.employees[1].id))
            await asyncio.sleep(0.2)
            went = time.monotonic()
        finally:
            os.kill(relay, signal.SIGCONT)
        assert (await asking)["ok"]
    assert telegram.ledger.calls[1].arrived < went - 0.05


def _command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_the_ledger_keeps_what_was_called_and_how_it_ended(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    person = crowd.employees[0].id
    sent = await send(http, telegram, person)
    await send(http, telegram, 1)
    good, bad = telegram.ledger.calls
    assert (good.method, good.chat_id, good.outcome, good.status) == ("sendMessage", person, Outcome.OK, 200)
    assert good.params == {"chat_id": str(person), "text": "salam"}
    assert good.message_id == sent["result"]["message_id"]
    assert (bad.outcome, bad.status, bad.description) == (Outcome.REFUSED, 400, "Bad Request: chat not found")


async def test_faults_that_were_asked_for_come_with_their_status(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    one, two, three = (employee.id for employee in crowd.employees[:3])
    telegram.faults.server_error_next = 1
    telegram.faults.flood_chats[two] = 1
    telegram.faults.flood_retry_after = 7
    assert (await send(http, telegram, one))["error_code"] == 502
    assert (await send(http, telegram, two))["parameters"] == {"retry_after": 7}
    assert (await send(http, telegram, three))["ok"] is True


async def test_a_reset_before_sends_nothing_and_a_reset_after_does(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    one, two = (employee.id for employee in crowd.employees[:2])
    telegram.faults.reset_before_next = 1
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(http, telegram, one)
    telegram.faults.reset_after_next = 1
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(http, telegram, two)
    assert (telegram.chat(one), [message.text for message in telegram.chat(two)]) == ([], ["salam"])
    assert [call.outcome for call in telegram.ledger.calls] == [Outcome.RESET_BEFORE, Outcome.RESET_AFTER]


@pytest.mark.parametrize(
    ("absence", "description"),
    [
        (Absence.BLOCKED, "Forbidden: bot was blocked by the user"),
        (Absence.DEACTIVATED, "Forbidden: user is deactivated"),
        (Absence.NEVER_STARTED, "Forbidden: bot can't initiate conversation with a user"),
        (Absence.INVALID_PEER, "Bad Request: PEER_ID_INVALID"),
        (Absence.NOT_FOUND, "Bad Request: chat not found"),
    ],
)
async def test_an_absent_person_is_refused_in_telegram_s_words(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession, absence: Absence, description: str
) -> None:
    known, unknown = crowd.employees[0].id, 1
    telegram.faults.absent |= {known: absence, unknown: absence}
    for chat in (known, unknown):
        answer = await send(http, telegram, chat)
        assert answer["error_code"] == (403 if description.startswith("Forbidden") else 400)
        assert answer["description"] == description
    assert telegram.chat(known) == []


async def test_a_group_that_was_upgraded_names_the_id_that_works(
    telegram: Simulator, http: aiohttp.ClientSession
) -> None:
    telegram.chats.add({"id": -7, "type": "group", "title": "Növbə"})
    telegram.chats.migrate(-7, -1007)
    assert await send(http, telegram, -7) == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -1007},
    }
    assert (await send(http, telegram, -1007))["result"]["chat"] == {
        "id": -1007,
        "type": "supergroup",
        "title": "Növbə",
    }


async def test_edits_in_a_group_count_against_its_twenty_a_minute(
    telegram: Simulator, http: aiohttp.ClientSession
) -> None:
    telegram.chats.add({"id": -7, "type": "group", "title": "Növbə"})
    sent = (await send(http, telegram, -7))["result"]["message_id"]
    for number in range(19):
        assert (await send(http, telegram, -7, "editMessageText", message_id=sent, text=str(number)))["ok"]
    refused = await send(http, telegram, -7, "editMessageText", message_id=sent, text="21")
    assert refused["parameters"]["retry_after"] in (59, 60)


async def test_a_call_within_a_chat_s_silence_is_refused_again_and_blamed(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    her, him = (employee.id for employee in crowd.employees[:2])
    telegram.faults.flood_chats[her] = 1
    telegram.faults.flood_retry_after = 30
    assert (await send(http, telegram, her))["parameters"] == {"retry_after": 30}
    assert (await send(http, telegram, her))["error_code"] == 429
    assert telegram.ledger.violations == []  # as if it was on its way already
    await asyncio.sleep(REACTION)
    assert (await send(http, telegram, her))["parameters"]["retry_after"] in (29, 30)
    assert (await send(http, telegram, him))["ok"]
    assert [(one.rule, one.chat_id) for one in telegram.ledger.violations] == [(Rule.CHAT_SILENCE, her)]
    assert figures(telegram).violations == {Rule.CHAT_SILENCE: 1}


async def test_a_silence_of_everybody_is_broken_by_whoever_calls_after_two_were_told(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    her, him, third = (employee.id for employee in crowd.employees[:3])
    telegram.faults.flood_next = 1
    telegram.faults.flood_retry_after = 30
    assert [(await send(http, telegram, chat))["error_code"] for chat in (her, him)] == [429, 429]
    await asyncio.sleep(REACTION)
    assert (await send(http, telegram, third))["error_code"] == 429
    assert [(one.rule, one.chat_id) for one in telegram.ledger.violations] == [(Rule.SILENCE, third)]


async def test_what_telegram_overlooks_is_a_violation_all_the_same(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    her = crowd.employees[0].id
    assert (await send(http, telegram, her))["ok"]
    assert telegram.ledger.violations == []
    assert (await send(http, telegram, her, text="salam", disable_web_page_preview="true"))["ok"]
    assert (await send(http, telegram, her, "sendLove"))["error_code"] == 404
    assert telegram.ledger.violations == [
        Violation(Rule.SCHEMA, "sendMessage", "disable_web_page_preview is unknown", her),
        Violation(Rule.SCHEMA, "sendLove", "Not Found: method not found"),
    ]


async def test_an_answer_that_never_comes_is_unknown_though_the_call_was_done(
    telegram: Simulator, crowd: Crowd
) -> None:
    one, two = (employee.id for employee in crowd.employees[:2])
    telegram.faults.silent_rate = 1.0
    async with aiohttp.ClientSession() as http:
        calls = [
            asyncio.create_task(send(http, telegram, one)),
            asyncio.create_task(send(http, telegram, two, "sendDocument", document=b"a;b")),
        ]
        await telegram.until(lambda: len(telegram.chat(one)) == len(telegram.chat(two)) == 1)
        assert [call.over for call in telegram.ledger.calls] == [False, False]
        assert not any(call.done() for call in calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    await telegram.until(lambda: all(call.over for call in telegram.ledger.calls))
    assert [(call.outcome, call.known, call.doubtful) for call in telegram.ledger.calls] == [
        (Outcome.SILENT, False, True)
    ] * 2
    assert telegram.chat(two)[0].file == b"a;b"


async def test_a_server_s_error_after_the_deed_leaves_the_caller_in_doubt(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    one, two, three = (employee.id for employee in crowd.employees[:3])
    telegram.faults.error_after_next = 1
    assert (await send(http, telegram, one))["description"] == "Bad Gateway"
    telegram.faults.server_error_next = 1
    assert (await send(http, telegram, two))["description"] == "Bad Gateway"
    assert (await send(http, telegram, three))["ok"]
    assert [len(telegram.chat(person)) for person in (one, two, three)] == [1, 0, 1]
    calls = telegram.ledger.calls
    assert [call.outcome for call in calls] == [Outcome.ERROR_AFTER, Outcome.REFUSED, Outcome.OK]
    assert [(call.known, call.doubtful) for call in calls] == [(False, True), (False, False), (True, False)]
    assert (figures(telegram).refused, figures(telegram).doubtful) == ({502: 1}, 1)


async def test_a_caller_that_went_before_its_answer_knows_nothing(crowd: Crowd, telegram: Simulator) -> None:
    telegram.faults.latency = (0.3, 0.3)
    async with aiohttp.ClientSession() as http:
        calling = asyncio.create_task(send(http, telegram, crowd.employees[0].id))
        await telegram.until(lambda: telegram.ledger.ended == 1)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
    await telegram.until(lambda: telegram.ledger.calls[0].over)
    (call,) = telegram.ledger.calls
    assert (call.outcome, call.known, call.doubtful) == (Outcome.OK, False, True)


async def test_a_slow_answer_does_not_delay_the_message(crowd: Crowd, telegram: Simulator) -> None:
    telegram.faults.latency = (30.0, 30.0)
    person = crowd.employees[0].id
    async with aiohttp.ClientSession() as http:
        calling = asyncio.create_task(send(http, telegram, person))
        await telegram.until(lambda: len(telegram.chat(person)) == 1)
        assert not calling.done()
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


async def test_faults_can_be_given_from_the_start() -> None:
    async with Simulator(faults=Faults(server_error_rate=1.0, server_error_code=500)) as telegram:
        person = Crowd(telegram, employees=1).employees[0]
        async with aiohttp.ClientSession() as http:
            assert (await send(http, telegram, person.id))["description"] == "Internal Server Error"


async def test_waiting_in_vain_tells_what_did_happen(
    telegram: Simulator, crowd: Crowd, http: aiohttp.ClientSession
) -> None:
    await send(http, telegram, crowd.employees[0].id)

    def hell_has_frozen() -> bool:
        return False

    with pytest.raises(
        TimeoutError, match=r"still not .*hell_has_frozen: 1 calls \(1 done, the last sendMessage: ok\)"
    ):
        await telegram.until(hell_has_frozen, timeout=0.01)


async def test_the_page_is_served_at_the_root(telegram: Simulator, http: aiohttp.ClientSession) -> None:
    async with http.get(telegram.url) as answer:
        assert answer.content_type == "text/html"
        assert "Telegram, simulated" in await answer.text()


async def test_stopping_twice_is_harmless() -> None:
    telegram = Simulator()
    await telegram.start()
    await telegram.stop()
    await telegram.stop()
