"""Where RabbitMQ's management API is asked, and by TLS as whom: what RABBITMQ_URL says of itself."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web
from pydantic import SecretStr

from local.ports import LOOPBACK, free_port
from ops import management
from shared.errors import BrokerUnavailable
from shared.settings import BrokerSettings
from tests.integration.tls_side import Office, Papers


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office.opened(tmp_path_factory.mktemp("office"))


@pytest.fixture
async def api(office: Office) -> AsyncIterator[int]:
    """The port of an API that asks for the client's certificate, and has no queue."""

    async def queues(request: web.Request) -> web.Response:
        return web.json_response([request.path])

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=office.server.authority)
    context.load_cert_chain(office.server.certificate, office.server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    application = web.Application()
    application.router.add_get("/api/queues/shop", queues)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, LOOPBACK, port, ssl_context=context).start()
    yield port
    await runner.cleanup()


def broker(authority: Path | None, client: Papers | None) -> BrokerSettings:
    """A broker by TLS, at a port that nobody is asked at."""
    said = {} if authority is None else {"cafile": str(authority)}
    if client is not None:
        said |= {"certfile": str(client.certificate), "keyfile": str(client.key)}
    return BrokerSettings(rabbitmq_url=SecretStr(f"amqps://u:hunter2@{LOOPBACK}:1/shop?{urlencode(said)}"))


async def asked(broker: BrokerSettings, url: str | None = None) -> object:
    settings = management.ManagementSettings(rabbitmq_management_url=url)
    async with management.management(broker, settings) as opened:
        return (await opened.queues()).body


async def test_by_tls_the_tls_port_is_asked_with_the_brokers_certificates(
    office: Office, api: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert management.TLS_PORT == 15671
    monkeypatch.setattr(management, "TLS_PORT", api)
    assert await asked(broker(office.server.authority, office.client)) == ["/api/queues/shop"]


async def test_an_address_of_its_own_is_asked_with_the_same_certificates(office: Office, api: int) -> None:
    url = f"https://{LOOPBACK}:{api}"
    assert await asked(broker(office.server.authority, office.client), url) == ["/api/queues/shop"]


async def test_whoever_is_not_trusted_is_not_asked_and_learns_no_password(office: Office, api: int) -> None:
    url = f"https://{LOOPBACK}:{api}"
    for authority, client in ((None, office.client), (office.server.authority, None)):
        with pytest.raises(BrokerUnavailable, match="does not answer"):
            await asked(broker(authority, client), url)
