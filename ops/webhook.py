"""Owns `fleet webhook`: tells Telegram where to call, and says what Telegram thinks of it.

Run by people or one job, never by each replica at its start: a changed webhook makes Telegram open its connections
anew. Waiting updates are never dropped: they are people's check-ins.
"""

import contextlib
from collections.abc import AsyncIterator

import shared.lean_aiogram  # noqa: F401 - before anything imports aiogram

# isort: split
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramNetworkError
from aiogram.types import WebhookInfo
from pydantic import Field

from shared.errors import FleetError
from shared.settings import TelegramSettings, WebhookSecret
from shared.webhook import ours


class WebhookAddress(TelegramSettings):
    """What one needs to know to see whether the webhook is as it should be."""

    telegram_webhook_url: str = Field(
        pattern=r"^https?://", description="where Telegram calls, e.g. `https://bot.example.com/webhook`"
    )


class WebhookSettings(WebhookAddress):
    """What registering it needs to know."""

    telegram_webhook_secret: WebhookSecret = Field(description="the same as the ingress's")


class NotDone(FleetError):
    """Telegram did not do it, or nobody knows; says why, without the Bot API's address, which has the token in it."""


@contextlib.asynccontextmanager
async def bot(settings: TelegramSettings) -> AsyncIterator[Bot]:
    """A client of the Bot API that the settings name.

    Raises:
        NotDone: Telegram refused a call, or did not answer it.
    """
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    async with Bot(settings.telegram_bot_token.get_secret_value(), session=session) as api:
        try:
            yield api
        except (TelegramNetworkError, ClientDecodeError) as problem:  # their text is the network error's
            raise NotDone(f"{type(problem).__name__} ({type(problem.__cause__).__name__})") from problem
        except AiogramError as problem:
            raise NotDone(f"{type(problem).__name__}: {problem}") from problem


async def set_webhook(settings: WebhookSettings) -> WebhookInfo:
    """Register the webhook and return what Telegram holds now.

    It is told also where nothing differs, since Telegram does not say which secret it has; hearing the same again, it
    changes nothing.
    """
    wish = ours(settings.telegram_webhook_url)
    async with bot(settings) as api:
        await api.set_webhook(
            wish.url,
            secret_token=settings.telegram_webhook_secret.get_secret_value(),
            max_connections=wish.max_connections,
            allowed_updates=sorted(wish.allowed_updates),
            drop_pending_updates=False,
        )
        return await api.get_webhook_info()


async def webhook_info(settings: TelegramSettings) -> WebhookInfo:
    """What Telegram holds."""
    async with bot(settings) as api:
        return await api.get_webhook_info()


async def delete_webhook(settings: TelegramSettings) -> WebhookInfo:
    """Remove the webhook; updates wait at Telegram for a day."""
    async with bot(settings) as api:
        await api.delete_webhook(drop_pending_updates=False)
        return await api.get_webhook_info()
