"""Owns questions to RabbitMQ's management API, which not every broker has, and not for every user."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from pydantic import Field

from shared.errors import BrokerUnavailable
from shared.settings import BrokerSettings, Settings

TIMEOUT: Final = 4.0
PORT: Final = 15672


class ManagementSettings(Settings):
    """Where RabbitMQ's management API is."""

    rabbitmq_management_url: str | None = Field(
        None,
        pattern=r"^https?://[^@/]+/?$",
        description="RabbitMQ's management API; user and password are RABBITMQ_URL's; port 15672 there if not set",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said, and when by its own clock (an HTTP date; empty if it said none)."""

    body: Any
    date: str


class Management:
    """The API, for one virtual host."""

    def __init__(self, session: aiohttp.ClientSession, url: str, vhost: str) -> None:
        self._session = session
        self._url = url
        self._vhost = quote(vhost, safe="")

    async def node(self) -> Answer:
        """Every node: alarms, disk."""
        return await self._get("nodes")

    async def policies(self, kind: str) -> Answer:
        """The `policies` or `operator-policies` of the virtual host."""
        return await self._get(f"{kind}/{self._vhost}")

    async def queues(self) -> Answer:
        """The virtual host's queues."""
        return await self._get(f"queues/{self._vhost}?columns=name,durable,exclusive,messages")

    async def _get(self, path: str) -> Answer:
        try:
            async with self._session.get(f"{self._url}/api/{path}") as response:
                if response.status in {401, 403}:
                    raise BrokerUnavailable("the management API wants a user with the tag monitoring")
                if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                    raise BrokerUnavailable(f"the management API answered {response.status}")
                return Answer(await response.json(), response.headers.get("Date", ""))
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise BrokerUnavailable(f"the management API does not answer ({type(problem).__name__})") from problem


@contextlib.asynccontextmanager
async def management(broker: BrokerSettings, settings: ManagementSettings) -> AsyncIterator[Management]:
    """Open the API for the block; its questions raise BrokerUnavailable."""
    parts = urlsplit(broker.rabbitmq_url.get_secret_value())
    scheme = "https" if parts.scheme == "amqps" else "http"
    url = settings.rabbitmq_management_url or f"{scheme}://{parts.hostname}:{PORT}"
    login = aiohttp.encode_basic_auth(unquote(parts.username or "guest"), unquote(parts.password or "guest"))
    async with aiohttp.ClientSession(
        headers={"Authorization": login}, timeout=aiohttp.ClientTimeout(total=TIMEOUT)
    ) as session:
        yield Management(session, url.rstrip("/"), unquote(parts.path[1:]) or "/")
