"""Owns questions to RabbitMQ's management API, which not every broker has, and not for every user."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import aiohttp
from pydantic import Field

from shared.errors import BrokerUnavailable
from shared.settings import BrokerSettings, Settings

TIMEOUT: Final = 4.0
PORT: Final = 15672
TLS_PORT: Final = 15671


class ManagementSettings(Settings):
    """Where RabbitMQ's management API is."""

    rabbitmq_management_url: str | None = Field(
        None,
        pattern=r"^https?://[^@/]+/?$",
        description="RabbitMQ's management API; user, password and, by https, certificates are RABBITMQ_URL's; if not "
        "set port 15672 there, by TLS 15671",
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
    scheme, port = ("https", TLS_PORT) if parts.scheme == "amqps" else ("http", PORT)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    url = settings.rabbitmq_management_url or f"{scheme}://{host}:{port}"
    login = aiohttp.encode_basic_auth(unquote(parts.username or "guest"), unquote(parts.password or "guest"))
    async with aiohttp.ClientSession(
        headers={"Authorization": login},
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        connector=aiohttp.TCPConnector(ssl=_context(dict(parse_qsl(parts.query)))),
    ) as session:
        yield Management(session, url.rstrip("/"), unquote(parts.path[1:]) or "/")


def _context(said: Mapping[str, str]) -> ssl.SSLContext:
    """Trust and be who RABBITMQ_URL's parameters say, as aiormq does for messages."""
    context = ssl.create_default_context(
        cafile=said.get("cafile"), capath=said.get("capath"), cadata=said.get("cadata")
    )
    if "certfile" in said:
        context.load_cert_chain(said["certfile"], said.get("keyfile"))
    if said.get("no_verify_ssl", "0") != "0":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
