"""Owns a command's connection to RabbitMQ, and how one that fails is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from shared.broker import BROKER_ERRORS, CLOSE_TIMEOUT, CONNECT_TIMEOUT, HEARTBEAT, asked_to_end
from shared.errors import BrokerUnavailable
from shared.topology import declare

HINT: Final = "is RABBITMQ_URL right and the server up?"


@contextlib.asynccontextmanager
async def broker(url: SecretStr) -> AsyncIterator[AbstractConnection]:
    """Connect for the block; the queues exist in it.

    Raises:
        BrokerUnavailable: RabbitMQ cannot be reached, or lets nobody in.
    """
    with broker_errors(HINT):
        connection = await aio_pika.connect(url.get_secret_value(), timeout=CONNECT_TIMEOUT, heartbeat=HEARTBEAT)
    try:
        with broker_errors(HINT):
            await declare(connection)
        yield connection
    finally:
        with contextlib.suppress(*BROKER_ERRORS):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await connection.close()


@contextlib.contextmanager
def broker_errors(what: str) -> Iterator[None]:
    """Tell what the block does of RabbitMQ's failures as `BrokerUnavailable`."""
    try:
        yield
    except BROKER_ERRORS as problem:
        raise BrokerUnavailable(f"{what} {problem!r}") from problem
    except asyncio.CancelledError as problem:
        if asked_to_end():
            raise
        # aio-pika reports a connection that died as a cancellation
        raise BrokerUnavailable(f"{what} the connection died") from problem
