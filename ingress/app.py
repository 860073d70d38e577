"""Owns how the ingress is put together; the only file here that names concrete classes."""

import contextlib
from collections.abc import AsyncIterator

from ingress.intake import Intake
from ingress.polling import Polling
from ingress.settings import IngressSettings
from ingress.sources import Sources
from ingress.webhook import ROOM, Webhook
from shared.broker import Link
from shared.lifecycle import Life
from shared.listener import FAREWELL, serving
from shared.publisher import Publisher
from shared.topology import INGRESS_TURN
from shared.turn import Turn


@contextlib.asynccontextmanager
async def ingress(settings: IngressSettings, life: Life) -> AsyncIterator[None]:
    """Take updates in by the way that the settings name; on leaving, requests in hand are answered first."""
    publisher = Publisher()
    link = Link(settings.rabbitmq_url, "ingress publish", [publisher])
    life.probes.require("rabbitmq", publisher.answers)
    way = _polling if settings.ingress_mode == "polling" else _webhook
    async with life.running(link.run(), "publish link"), way(settings, life, Intake(publisher)):
        yield


@contextlib.asynccontextmanager
async def _webhook(settings: IngressSettings, _life: Life, intake: Intake) -> AsyncIterator[None]:
    sources = Sources(settings.webhook_sources, settings.trusted_proxies)
    app = Webhook(intake, settings.secrets, sources).app()
    async with serving(app, settings.listen_address, settings.http_port, ROOM, FAREWELL):
        yield


@contextlib.asynccontextmanager
async def _polling(settings: IngressSettings, life: Life, intake: Intake) -> AsyncIterator[None]:
    if settings.telegram_bot_token is None:
        raise AssertionError  # the settings refuse polling without a token
    turn = Turn(INGRESS_TURN)
    link = Link(settings.rabbitmq_url, "ingress turn", [turn])
    polling = Polling(intake, turn, settings.telegram_api_url, settings.telegram_bot_token)

    async def answered_in_turn() -> bool:
        """Telegram answers the one that polls; the others wait for their turn."""
        return turn.settled and (not turn.active or polling.answered)

    life.probes.require("turn", link.answers)
    life.probes.require("getUpdates", answered_in_turn)
    async with life.running(link.run(), "turn link"), life.running(polling.run(), "polling"):
        yield
