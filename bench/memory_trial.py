"""Owns backlogs for all services at once, and how much memory the services take while they work at them."""

import asyncio
import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel

from bench.checkins import FIRST_PERSON, TOWN, checkins
from bench.crowd import post
from bench.flow import SECRET
from local.fleet import Fleet, plan
from local.ports import LOOPBACK
from local.stage import Stage
from shared.contracts import EventRef, GeoRequest, Message, OutboundCall, Slot, encode
from shared.topology import GEO_REQUESTS, INTERACTIVE, WORK_QUEUES
from simulator.server import Simulator

SERVICES: Final = ("ingress", "checkin_worker", "geo_worker", "sender")
AT_ONCE: Final = 500
"""Messages that are published together."""
REACHED: Final = 2000
"""Chats that the simulated Telegram knows: more than are called meanwhile."""
TEXT: Final = "✅ Gəldiniz\n👤 Employee\n📅 24.11.2026\n🕘 09:00:00\n📍 40.37767, 49.89201\nVaxtında. Uğurlu iş günü!"
_HIGHEST: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


async def memory_beside(ready: Stage, telegram: Simulator, people: range, seconds: float) -> dict[str, float]:
    """Let a message of each of the people wait for each service, and each work for so many seconds.

    The updates get in by the ingress, whose work they are; the others are not started until all wait.

    Returns:
        The most that each service had resident, in MiB.
    """
    for number in people[:REACHED]:
        telegram.chats.add({"id": FIRST_PERSON + number, "type": "private", "first_name": f"{number}"})
    services = plan(dict.fromkeys(SERVICES, 1))
    fleet = Fleet(services, ready.environment, ready.logs, own=ready.own)
    try:
        await fleet.start("ingress")
        url = f"http://{LOOPBACK}:{fleet.services['ingress'].http_port}/webhook"
        await post(url, SECRET, (one.body for one in checkins(people.start, len(people))))
        async with await aio_pika.connect(ready.engines.rabbitmq.url) as connection, connection.channel() as channel:
            await _fill(channel, GEO_REQUESTS.name, map(_point, people))
            await _fill(channel, INTERACTIVE.name, map(_call, people))
            await asyncio.gather(*(fleet.start(name) for name in SERVICES[1:]))
            await asyncio.sleep(seconds)
            resident = {name: _highest(fleet.child(name).pid) for name in SERVICES}
            await fleet.stop_all()
            for queue in WORK_QUEUES:
                await (await channel.get_queue(queue.name)).purge()
    finally:
        await fleet.stop_all()
    return resident


async def _fill(channel: AbstractChannel, queue: str, messages: Iterator[tuple[str, Message]]) -> None:
    while some := list(islice(messages, AT_ONCE)):
        await asyncio.gather(
            *(
                channel.default_exchange.publish(
                    aio_pika.Message(encode(message), message_id=key, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                    queue,
                )
                for key, message in some
            )
        )


def _call(number: int) -> tuple[str, Message]:
    """A reply to a check-in."""
    chat_id, key = FIRST_PERSON + number, f"bench:{number}"
    params = {"chat_id": chat_id, "text": TEXT}
    call = OutboundCall(key=key, chat_id=chat_id, method="sendMessage", params=params, created_at=time.time())
    return key, call


def _point(number: int) -> tuple[str, Message]:
    """A question for an address: everybody stands somewhere else in the town."""
    key, (latitude, longitude) = f"bench:{number}", TOWN
    request = GeoRequest(
        event=EventRef(FIRST_PERSON + number, int(time.time()), number),
        latitude=latitude + number * 1e-6,
        longitude=longitude + number % 1000 * 1e-4,
        language="az",
        reply_key=key,
        chat_id=FIRST_PERSON + number,
        slot=Slot(TEXT, 60, 80),
        asked_at=time.time(),
    )
    return key, request


def _highest(pid: int) -> float:
    """The most that a process had resident so far, in MiB."""
    found = _HIGHEST.search(Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise AssertionError("Linux tells it of every process that lives")
    return int(found[1]) / 1024
