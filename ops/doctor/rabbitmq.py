"""Owns the check of RabbitMQ: whether it answers and takes messages; and the doctor's connections to it.

Nothing is declared but an exclusive queue that ends with its connection.
"""

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Sequence
from typing import Final, cast
from urllib.parse import unquote, urlsplit

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.exceptions import ChannelAccessRefused

from ops.doctor.findings import EngineAway, Finding, ok, wrong
from ops.doctor.surroundings import Surroundings
from shared.broker import BROKER_ERRORS
from shared.settings import BrokerSettings

CONNECT_TIMEOUT: Final = 4.0
CLOSE_TIMEOUT: Final = 1.0
PROBE_TIMEOUT: Final = 2.0
"""As long as an ingress waits for a confirm."""
OLDEST: Final = (3, 10)


@contextlib.asynccontextmanager
async def connected(around: Surroundings) -> AsyncIterator[AbstractConnection]:
    """Connect for the block.

    Raises:
        Unknown: there is no address, or nobody answers, or lets us in.
    """
    url = around.of(BrokerSettings).rabbitmq_url.get_secret_value()
    try:
        connection = await aio_pika.connect(
            url, timeout=CONNECT_TIMEOUT, client_properties={"connection_name": "fleet doctor"}
        )
    except BROKER_ERRORS as problem:
        raise EngineAway(f"RabbitMQ does not answer: {type(problem).__name__}: {problem}") from problem
    try:
        yield connection
    finally:
        with contextlib.suppress(*BROKER_ERRORS):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await connection.close()


async def rabbitmq(around: Surroundings) -> Sequence[Finding]:
    """Whether it answers, is new enough, and confirms a message."""
    async with connected(around) as connection:
        version = judge_version(_version(connection))
        try:
            return [version, await _probe(connection)]
        except ChannelAccessRefused as refusal:
            return [version, judge_rights(around, str(refusal))]


def judge_version(version: str) -> Finding:
    """Whether the broker is new enough."""
    said = f"RabbitMQ {version}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return wrong(f"{said} is older than 3.10", "upgrade to RabbitMQ 3.10 or newer")
    return ok(f"{said} answers")


def judge_rights(around: Surroundings, said: str) -> Finding:
    """A login that may not do what services do; `said` is RabbitMQ's refusal."""
    parts = urlsplit(around.of(BrokerSettings).rabbitmq_url.get_secret_value())
    vhost, user = unquote(parts.path[1:]) or "/", unquote(parts.username or "guest")
    mend = shlex.join(("rabbitmqctl", "set_permissions", "-p", vhost, user, ".*", ".*", ".*"))
    return wrong(f"RABBITMQ_URL's user may not do what services do: {said}", mend)


async def _probe(connection: AbstractConnection) -> Finding:
    """Publish a message; a broker under an alarm reads nothing more from a connection that publishes."""
    channel = await connection.channel(publisher_confirms=True)
    queue = await channel.declare_queue(exclusive=True, timeout=PROBE_TIMEOUT)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await channel.default_exchange.publish(aio_pika.Message(b"probe"), queue.name)
    except TimeoutError:
        said = f"RabbitMQ confirms no message within {PROBE_TIMEOUT:.0f} s: publishers are blocked by an alarm"
        return wrong(said, "rabbitmq-diagnostics alarms   (and give it the memory or disk that is short)")
    return ok("it confirms messages")


def _version(connection: AbstractConnection) -> str:
    if connection.transport is None:
        raise EngineAway("RabbitMQ went away")
    # aiormq, which has no types here, keeps what the broker said of itself
    told = cast("dict[str, object]", connection.transport.connection.server_properties)
    version = told.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)
