"""`fleet dead ...`: looking changes nothing, a replay keeps order and keys and loses nothing, a drop is confirmed."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage, HeadersType
from pydantic import SecretStr

from local.engines import Engines
from local.ports import LOOPBACK, free_port
from ops import dead, dead_walk
from ops.bar import Bar
from ops.dead import Moved
from ops.dead_letters import Choice, DeadLetter
from ops.dead_words import HEADINGS
from shared.consume import Consumer
from shared.contracts import EventRef, File, GeoRequest, OutboundCall, Receipts, encode
from shared.delivery import FAILED_IN, FIRST_FAILED, LAST_FAILED, REASON, TRIES, Delivery, Drop
from shared.publisher import Publisher
from shared.topology import BULK, FILES, GEO_BACKFILL, GEO_REQUESTS, RECEIPTS, REPORTS, UPDATES, WorkQueue, declare
from tests.integration.broker_side import held, linked, until
from tests.integration.ops_side import Said, fleet
from tests.integration.receipt_side import receipt

NO_DATABASE = "postgresql://not-asked"
HOUR = 3600
OF_BROKER = {"x-delivery-count"}
"""Headers that RabbitMQ adds to what it hands out."""
PROGRAM = (sys.executable, "-c", "from ops.cli import app; app()")
"""`fleet` as a process."""
MEASURED = (
    sys.executable,
    "-c",
    """
import atexit, resource
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
from ops.cli import app; app()
""",
)
"""As a process that says at its end how many KiB it took at most."""


def update(number: int, person: int = 51) -> bytes:
    """An update's bytes."""
    sender = {"id": person, "is_bot": False, "first_name": "Ləman"}
    message = {"message_id": number, "from": sender, "chat": {"id": person, "type": "private"}, "text": "salam"}
    return json.dumps({"update_id": number, "message": message}, ensure_ascii=False).encode()


@dataclass
class Desk:
    """An operator, and a broker with dead letters."""

    url: str
    channel: aio_pika.abc.AbstractChannel

    async def says(self, *words: object) -> Said:
        """Run `fleet dead ...`."""
        return await fleet(NO_DATABASE, "dead", *words, RABBITMQ_URL=self.url)

    async def told(self, *words: object) -> str:
        """What it says when all is well."""
        said = await self.says(*words)
        assert (said.status, said.problems) == (0, [])
        return said.out

    async def rows(self, *words: object) -> list[dict[str, str]]:
        """The table of `fleet dead list`."""
        lines = [line.split("\t") for line in (await self.told("list", *words)).splitlines() if "\t" in line]
        assert not lines or tuple(lines[0]) == HEADINGS
        return [dict(zip(HEADINGS, line, strict=True)) for line in lines[1:]]

    async def keys(self, *words: object) -> list[str]:
        """The keys in that table."""
        return [row["key"] for row in await self.rows(*words)]

    async def dies(  # noqa: PLR0913 - what a dead letter says, each with its usual value
        self,
        queue: str,
        key: str,
        body: bytes,
        *,
        reason: str = "too heavy",
        ago: float = 60,
        failed_in: str | None = None,
    ) -> None:
        """Bury a message as a consumer does."""
        failed = int(time.time() - ago)
        headers: HeadersType = {REASON: reason, TRIES: 5, FIRST_FAILED: failed - 10, LAST_FAILED: failed}
        headers |= {"update_id": 7, "traceparent": "00-a-b-00"}
        if failed_in is not None:
            headers[FAILED_IN] = failed_in
        message = aio_pika.Message(body, message_id=key, headers=headers)
        await self.channel.default_exchange.publish(message, queue)

    async def updates(self, *numbers: int, **traits: Any) -> None:  # noqa: ANN401 - as `dies` takes them
        """Bury updates."""
        for number in numbers:
            await self.dies(UPDATES.dead, str(number), update(number), **traits)

    async def count(self, queue: str) -> int:
        """How many wait there."""
        return (await self.channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0

    async def process(
        self, *words: object, terminal: int | None = None, program: Sequence[str] = PROGRAM
    ) -> asyncio.subprocess.Process:
        """Begin `fleet dead ...` as a process of its own, at a terminal if one is given."""
        return await asyncio.create_subprocess_exec(
            *map(str, (*program, "dead", *words)),
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": ":".join(sys.path),
                "RABBITMQ_URL": self.url,
                "TERM": "xterm",
                "COLUMNS": "120",
            },
            stdout=asyncio.subprocess.PIPE if terminal is None else terminal,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def has(self, queue: str, number: int) -> None:
        """Wait until so many messages wait there, or more."""

        async def enough() -> bool:
            return await self.count(queue) >= number

        await until(enough, 60)  # a process that starts on a busy machine is slow


def keys(messages: Sequence[AbstractIncomingMessage]) -> list[str]:
    return [message.message_id or "" for message in messages]


@pytest.fixture
async def desk(rabbitmq_url: str) -> AsyncIterator[Desk]:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await declare(connection)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield Desk(rabbitmq_url, channel)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> int:
    """A small one, so that few messages take many of them."""
    monkeypatch.setattr(dead_walk, "WINDOW", 3)
    return 3


async def test_the_list_says_what_is_dead_and_whose_it_is(desk: Desk) -> None:
    await desk.updates(1, reason="KeyError('x')", ago=7 * HOUR)
    request = GeoRequest(event=EventRef(52, 1, 2), latitude=40.0, longitude=49.0, language="az")
    await desk.dies(GEO_REQUESTS.dead, "geo:2", encode(request), ago=6 * HOUR)
    call = OutboundCall(key="9:0", chat_id=-53, method="sendMessage", params={"text": "x"}, created_at=1.0)
    await desk.dies(BULK.dead, "9:0", encode(call), ago=5 * HOUR, failed_in=BULK.name)
    many = Receipts(receipts=[receipt(f"{chat}:0", chat_id=chat) for chat in (54, 55, 54)])
    await desk.dies(RECEIPTS.dead, "r", encode(many), ago=4 * HOUR)
    await desk.dies(REPORTS.dead, "month:1", b'{"v":1,"user_id":56}', ago=3 * HOUR)
    rows = await desk.rows()
    assert [(row["queue"], row["key"], row["person"]) for row in rows] == [
        ("dead.updates", "1", "51"),
        ("dead.geo", "geo:2", "52"),
        ("dead.outbound", "9:0", "-53"),
        ("dead.receipts", "r", "54, 55"),
        ("dead.reports", "month:1", "56"),
    ]
    assert (rows[0]["reason"], rows[0]["tries"]) == ("KeyError('x')", "5")
    assert rows[0]["first failed"] < rows[0]["last failed"]
    assert (await desk.told("list")).splitlines()[0] == (
        "dead.geo: 1; dead.outbound: 1; dead.receipts: 1; dead.reports: 1; dead.updates: 1"
    )


async def test_looking_thirty_times_changes_nothing_and_keeps_the_order(desk: Desk, window: int) -> None:
    numbers = list(range(3 * window + 1))
    await desk.updates(*numbers)
    for _ in range(30):
        look = await dead.look(SecretStr(desk.url), Choice(queues=(UPDATES.dead,)), 50, Bar())
        assert [line.key for line in look.lines] == [str(number) for number in numbers]
    await desk.updates(99)
    assert await desk.keys("--limit", 2) == [str(numbers[-1]), "99"]
    assert re.search("the newest 2 of 11; --(limit|until)", await desk.told("list", "--limit", 2))
    assert await desk.keys("--key", 4) == ["4"]
    left = await held(desk.url, UPDATES.dead)
    assert keys(left) == [*map(str, numbers), "99"]
    assert (left[0].body, left[0].headers[TRIES], left[0].headers[REASON]) == (update(0), 5, "too heavy")


async def test_filters_choose(desk: Desk) -> None:
    await desk.updates(1, reason="Took longer", ago=3 * HOUR)
    await desk.updates(2, reason="KeyError")
    await desk.dies(REPORTS.dead, "3", b"{}", reason="took longer")
    assert await desk.keys("--since", "2h") == ["3", "2"]
    assert await desk.keys("--reason", "took LONGER") == ["1", "3"]
    assert await desk.keys("--queue", "updates") == ["1", "2"]
    assert await desk.keys("--queue", "dead.updates", "--reason", "took", "--since", "4h") == ["1"]
    assert await desk.keys("--key", "2", "--queue", "reports") == []
    assert "none of them is meant" in await desk.told("list", "--key", "nobody")
    for words in (("--queue", "nothing"), ("--since", "soon")):
        assert (await desk.says("list", *words)).status == 2


async def test_nothing_is_dead(desk: Desk) -> None:
    assert (await desk.told("list")).splitlines()[-1] == "nothing is dead"
    assert await desk.told("replay") == "0 messages moved back\n"
    assert (await desk.says("show", "1")).status == 2


GARBAGE = (b"", b"\xff\x1b[31m\x00", b"[1, 2", b'{"message": 4, "edited_message": {"from": 3}}', b"null", b"[" * 3000)


async def test_garbage_is_listed_and_shown(desk: Desk) -> None:
    for queue in (UPDATES, GEO_REQUESTS, BULK, RECEIPTS, REPORTS):
        for number, body in enumerate(GARBAGE):
            await desk.dies(queue.dead, f"{queue.name}-{number}", body, reason="\x1b]0;x\x07 no\tJSON")
    bare = aio_pika.Message(b"bare")
    await desk.channel.default_exchange.publish(bare, UPDATES.dead)
    rows = await desk.rows()
    assert len(rows) == 5 * len(GARBAGE) + 1
    assert {row["person"] for row in rows} == {"?"}
    assert {row["reason"] for row in rows} == {"?", r"\x1b]0;x\x07 no\tJSON"}
    shown = await desk.told("show", "updates-1")
    assert (r"\xff\x1b[31m\x00" in shown, "\x1b" in shown) == (True, False)
    for number in range(len(GARBAGE)):
        assert "reason: " in await desk.told("show", "updates", f"updates-{number}")
    assert "... and 1,000 more bytes" in await desk.told("show", "updates-5")
    assert await desk.told("replay", "--rate", 1000) == (
        "31 messages (6 from dead.geo to geo.requests, 6 from dead.outbound to outbound.interactive, "
        "6 from dead.receipts to receipts, 6 from dead.reports to reports, 7 from dead.updates to updates) moved back\n"
    )


async def test_one_is_shown_in_full_without_the_content_of_its_file(desk: Desk) -> None:
    file = File("document", "report.xlsx", b"\x00PK" * 1000)
    call = OutboundCall(key="9:0", chat_id=53, method="sendDocument", params={}, created_at=1.0, file=file)
    await desk.dies(FILES.dead, "9:0", encode(call), reason="Bad Request", failed_in=FILES.name)
    shown = await desk.told("show", "outbound", "9:0")
    lines = shown.splitlines()
    assert lines[:3] == ["queue: dead.outbound", "key: 9:0", "reason: Bad Request"]
    assert {"tries: 5", "person: 53", "replayed to: outbound.files", "update_id: 7"} <= {*lines}
    assert lines[-1] == "and a file of 3,000 bytes"
    assert ('  "method": "sendDocument",' in lines, "PK" in shown) == (True, False)
    for _ in range(6):
        await desk.dies(UPDATES.dead, "undecodable", b"x")
    assert (await desk.told("show", "undecodable")).splitlines()[-1] == "the last 5 of 6 that have this key"


READABLE = {
    UPDATES: (update(7), "51", '"text": "salam"'),
    GEO_REQUESTS: (
        encode(GeoRequest(event=EventRef(52, 1, 2), latitude=40.5, longitude=49.0, language="az")),
        "52",
        '"latitude": 40.5',
    ),
    BULK: (
        encode(OutboundCall(key="k", chat_id=53, method="sendMessage", params={"text": "Sağ olun"}, created_at=1.0)),
        "53",
        '"text": "Sağ olun"',
    ),
    RECEIPTS: (encode(Receipts(receipts=[receipt("k", chat_id=54)])), "54", '"outcome": "sent"'),
    REPORTS: (b'{"v":1,"kind":"month","user_id":56,"month":"2026-10"}', "56", '"month": "2026-10"'),
}


@pytest.mark.parametrize("queue", READABLE, ids=lambda queue: queue.name)
async def test_of_each_kind_the_payload_and_the_person_can_be_read(desk: Desk, queue: WorkQueue) -> None:
    body, person, field = READABLE[queue]
    await desk.dies(queue.dead, "k", body, failed_in=queue.name)
    lines = [line.strip(" ,") for line in (await desk.told("show", "k")).splitlines()]
    assert {f"queue: {queue.dead}", "reason: too heavy", "tries: 5", f"person: {person}", field} <= {*lines}
    assert {line.partition(":")[0] for line in lines} >= {"first failed", "last failed", "replayed to"}


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_of_ten_thousand_no_more_is_in_memory_than_of_a_hundred(desk: Desk) -> None:
    most = {}
    for number in (100, 9_900):
        await asyncio.gather(*(desk.updates(*range(at, at + 100)) for at in range(0, number, 100)))
        process = await desk.process("list", program=MEASURED)
        said = (await process.communicate())[0].decode()
        most[number] = int(said.splitlines()[-1])
        assert "dead.updates" in said
    assert "the newest 50 of 10,000" in said
    assert most[9_900] < most[100] + 16 * 1024, "KiB"


async def test_a_replay_keeps_order_keys_and_bytes_and_gives_all_tries_again(desk: Desk, window: int) -> None:
    numbers = list(range(4 * window))
    for number in numbers:
        await desk.updates(number, reason="odd" if number % 2 else "even")
    odd, even = ([str(number) for number in numbers if number % 2 == rest] for rest in (1, 0))
    assert await desk.told("replay", "--reason", "odd", "--dry-run") == (
        f"{len(odd)} messages ({len(odd)} from dead.updates to updates) would be moved back; dry run, nothing is\n"
    )
    assert await held(desk.url, UPDATES.name) == []
    said = await desk.told("replay", "--reason", "odd", "--rate", 1000)
    assert said == f"{len(odd)} messages ({len(odd)} from dead.updates to updates) moved back\n"
    assert await desk.told("replay", "--reason", "odd") == "0 messages moved back\n"
    back = await held(desk.url, UPDATES.name)
    assert keys(back) == odd
    assert [message.body for message in back] == [update(int(key)) for key in odd]
    assert {*back[0].headers} - OF_BROKER == {"update_id", "traceparent", FIRST_FAILED}
    assert back[0].delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert keys(await held(desk.url, UPDATES.dead)) == even


async def test_each_goes_back_to_where_it_came_from(desk: Desk) -> None:
    request = GeoRequest(event=EventRef(52, 1, 2), latitude=40.0, longitude=49.0, language="az")
    await desk.dies(GEO_REQUESTS.dead, "old", encode(request))
    for queue in (FILES, BULK, GEO_REQUESTS):
        await desk.dies(queue.dead, queue.name, b"{}", failed_in=queue.name)
    await desk.dies(BULK.dead, "lies", b"{}", failed_in=UPDATES.name)
    await desk.told("replay", "--rate", 1000)
    for queue in (FILES, BULK, GEO_REQUESTS):
        assert keys(await held(desk.url, queue.name)) == [queue.name]
    assert keys(await held(desk.url, GEO_BACKFILL.name)) == ["old"]
    assert keys(await held(desk.url, "outbound.interactive")) == ["lies"]


async def test_what_the_broker_gave_up_says_so_and_goes_back(desk: Desk) -> None:
    message = aio_pika.Message(b"{}", message_id="k", headers={"update_id": 7})
    await desk.channel.default_exchange.publish(message, BULK.name)
    source = await desk.channel.get_queue(BULK.name, ensure=False)
    while await desk.count(BULK.dead) == 0:
        if (again := await source.get(fail=False)) is not None:
            await again.nack(requeue=True)
    (row,) = await desk.rows()
    assert (row["reason"], row["tries"]) == ("handed out too often (delivery_limit)", "")
    assert row["first failed"] == row["last failed"] != ""
    assert await desk.keys("--since", "1h") == ["k"]
    await desk.told("replay")
    (back,) = await held(desk.url, BULK.name)
    assert (back.message_id, back.body, {*back.headers} - OF_BROKER) == ("k", b"{}", {"update_id"})


async def test_a_replay_ends_though_everything_dies_again(desk: Desk) -> None:
    await desk.updates(*range(20))
    seen: list[Delivery] = []

    async def refuse(delivery: Delivery) -> Drop:
        seen.append(delivery)
        return Drop("still too heavy")

    publisher = Publisher()
    consumer = Consumer(UPDATES, refuse, publisher, prefetch=1, deadline=None)
    async with linked(desk.url, publisher), linked(desk.url, consumer):
        assert "20 messages" in await desk.told("replay", "--rate", 200)
        await desk.has(UPDATES.dead, 20)
    assert [(one.key, one.tries) for one in seen] == [(str(number), 0) for number in range(20)]
    again = await held(desk.url, UPDATES.dead)
    # One that dies while the command still looks comes into its hands, and is given back to the front of the queue.
    assert sorted(map(int, keys(again))) == list(range(20))
    first, last = (again[0].headers[name] for name in (FIRST_FAILED, LAST_FAILED))
    assert (again[0].headers[TRIES], int(str(first)) < int(str(last))) == (1, True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_ended_in_the_middle_it_loses_nothing_and_goes_on_in_order(desk: Desk, how: signal.Signals) -> None:
    await desk.updates(*range(40))
    process = await desk.process("replay", "--rate", 20)
    await desk.has(UPDATES.name, 5)
    process.send_signal(how)
    said, _ = await process.communicate()
    if how is signal.SIGINT:
        assert (process.returncode, b"moved back until then" in said, b"Traceback" in said) == (130, True, False)
    done = await desk.count(UPDATES.name)
    assert 5 <= done < 40
    await desk.has(UPDATES.dead, 40 - done)
    await desk.told("replay", "--rate", 1000)
    assert list(dict.fromkeys(keys(await held(desk.url, UPDATES.name)))) == [str(number) for number in range(40)]
    assert await desk.count(UPDATES.dead) == 0


async def test_interrupted_after_a_look_it_keeps_the_order(desk: Desk, window: int) -> None:
    del window
    await desk.updates(*range(40))
    assert len(await desk.keys()) == 40
    moved = Moved()
    task = asyncio.create_task(dead.replay(SecretStr(desk.url), Choice(), 20, Bar(), moved))
    await desk.has(UPDATES.name, 5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    back = keys(await held(desk.url, UPDATES.name))
    left = keys(await held(desk.url, UPDATES.dead))
    assert list(dict.fromkeys([*back, *left])) == [str(number) for number in range(40)]


async def test_a_drop_wants_a_filter_and_a_confirmation(desk: Desk) -> None:
    await desk.updates(1, 2, reason="odd")
    await desk.updates(3)
    assert (await desk.says("drop", "--confirm")).status == (await desk.says("drop")).status == 2
    sentence = "2 messages (2 of dead.updates) would be dropped; drop them with --confirm\n"
    assert await desk.told("drop", "--reason", "odd") == sentence
    assert await desk.told("drop", "--reason", "odd", "--dry-run", "--confirm") == sentence
    assert await desk.count(UPDATES.dead) == 3
    said = await desk.told("drop", "--reason", "odd", "--confirm")
    assert said == "2 messages (2 of dead.updates) dropped\n"
    assert await desk.keys() == ["3"]
    assert await desk.told("drop", "--all", "--confirm") == "1 message (1 of dead.updates) dropped\n"
    assert await desk.keys() == []


async def test_a_broker_that_is_away_is_a_sentence() -> None:
    url = f"amqp://fleet:hunter2@{LOOPBACK}:{free_port()}/"
    for words in (("list",), ("show", "1"), ("replay",), ("drop", "--all", "--confirm")):
        said = await fleet(NO_DATABASE, "dead", *words, RABBITMQ_URL=url)
        assert (said.status, len(said.problems), "hunter2" in said.problems[0]) == (1, 1, False)


async def test_two_at_once_are_refused_with_a_sentence_and_the_first_sees_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead, "PATIENCE", 3)
    numbers = [str(number) for number in range(200)]
    await desk.updates(*map(int, numbers))
    process = await desk.process("replay", "--rate", 5)
    await desk.has(UPDATES.name, 2)
    for words in (("list",), ("show", "3"), ("replay",), ("drop", "--all", "--confirm")):
        said = await desk.says(*words)
        assert (said.status, "another `fleet dead` is at work" in said.problems[-1]) == (1, True)
    process.send_signal(signal.SIGINT)
    await process.communicate()
    left = keys(await held(desk.url, UPDATES.dead))
    assert list(dict.fromkeys([*keys(await held(desk.url, UPDATES.name)), *left])) == numbers


async def test_who_comes_while_another_ends_waits_for_a_moment(desk: Desk) -> None:
    await desk.updates(1)
    looks = await asyncio.gather(*(dead.look(SecretStr(desk.url), Choice(), 9, Bar()) for _ in range(3)))
    assert [[line.key for line in look.lines] for look in looks] == [["1"]] * 3


async def test_a_queue_that_is_full_stops_the_replay_with_a_sentence_and_nothing_is_lost(
    desk: Desk, engines: Engines
) -> None:
    numbers = range(40)
    await desk.updates(*numbers)
    await engines.rabbitmq.set_policy(desk.url.rpartition("/")[2], "full", f"^{UPDATES.name}$", {"max-length": 3})
    said = await desk.says("replay", "--rate", 200)
    assert said.status == 1
    assert "updates takes no more; is it full" in said.problems[-1]
    done = await desk.count(UPDATES.name)
    assert said.out == f"{_messages(done)} moved back until then\n"
    assert 3 <= done < 40
    await desk.has(UPDATES.dead, 40 - done)
    first = keys(await held(desk.url, UPDATES.name))
    await engines.rabbitmq.set_policy(desk.url.rpartition("/")[2], "full", f"^{UPDATES.name}$", {"max-length": 100})
    await desk.told("replay", "--rate", 1000)
    assert first + keys(await held(desk.url, UPDATES.name)) == [str(number) for number in numbers]


def _messages(number: int) -> str:
    return f"{number} messages ({number} from dead.updates to updates)"


async def test_a_bar_moves_on_a_terminal_and_is_gone_at_the_end(desk: Desk) -> None:
    await desk.updates(*range(40))
    ours, its = os.openpty()
    process = await desk.process("replay", "--rate", 40, terminal=its)
    os.close(its)
    said = await asyncio.to_thread(_read_all, ours)
    assert await process.wait() == 0
    seen = {int(number) for number in re.findall(r"(\d+)/40", said)}
    assert len(seen) > 2
    assert "dead.updates" in said
    assert said.rstrip().endswith("moved back\x1b[?25h") or said.rstrip().endswith("moved back")


def _read_all(terminal: int) -> str:
    said = b""
    with contextlib.suppress(OSError), open(terminal, "rb", buffering=0) as file:  # EIO: the other end is closed
        while part := file.read(65_536):
            said += part
    return said.decode()


def test_a_letter_without_headers_says_what_it_can() -> None:
    letter = DeadLetter(UPDATES.dead, "", b"", {})
    assert (letter.reason, letter.first_failed, letter.tries, letter.source) == ("?", None, 0, "updates")
