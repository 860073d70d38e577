"""Owns the old bot: one aiogram process behind a webhook, as a competent engineer writes it.

`python -m bench.old_bot 4` says four messages for a location, `2` says two. It answers Telegram at once and works in
the background, as aiogram's own webhook handler does. The handler writes first, in one transaction that an update which
comes twice does not repeat, and then answers. Addresses are asked for in the background, once a second, one request for
all who wait at a place, and remembered by four decimals of the coordinates.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import asyncpg
import uvloop
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import KeyboardButton, Location, Message, ReplyKeyboardMarkup, Update
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from aiolimiter import AsyncLimiter

from bench.old_book import POOL, SCHEMA, OldBook
from bench.old_calls import Patience

CONNECTIONS: Final = 100
"""Telegram's to the webhook, the most that it opens."""
TALKATIVE: Final = "4"
BUTTON: Final = ReplyKeyboardMarkup(
    keyboard=[[KeyboardButton(text="📍 Yerimi göndər", request_location=True)]], resize_keyboard=True
)


class Addresses:
    """Addresses of places: remembered, or asked for once a second."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._limiter = AsyncLimiter(1, 1)
        self._known: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def of(self, place: Location) -> str:
        """The address of a place; who wants one that is being asked for waits for the same answer."""
        key = f"{place.latitude:.4f}", f"{place.longitude:.4f}"
        if key not in self._known:
            self._known[key] = asyncio.create_task(self._ask(*key))
        return await self._known[key]

    async def _ask(self, latitude: str, longitude: str) -> str:
        async with self._limiter, self._http.get(self._url, params={"lat": latitude, "lon": longitude}) as response:
            return str((await response.json())["display_name"])


class OldBot:
    """Its work for a location."""

    def __init__(self, book: OldBook, addresses: Addresses, *, talkative: bool) -> None:
        self._book = book
        self._addresses = addresses
        self._talkative = talkative
        self._background: set[asyncio.Task[None]] = set()

    async def came(self, message: Message, place: Location, update_id: int) -> None:
        """Write down that somebody came or left, and say so; the address follows."""
        session = await self._book.write(message, place, update_id)
        if session is None:
            return
        task = asyncio.create_task(self._address(message, place, session))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        if self._talkative:
            await message.answer("⏳ Yeriniz alındı")
        await message.answer(f"✅ Qeydə alındı: {message.date:%H:%M:%S}")
        if self._talkative:
            await message.answer("Uğurlu iş günü! Gedəndə düyməni yenə basın.", reply_markup=BUTTON)

    async def _address(self, message: Message, place: Location, session: int) -> None:
        address = await self._addresses.of(place)
        await self._book.place(session, address)
        await message.answer(f"📍 {address}")


async def location(message: Message, event_update: Update, old: OldBot) -> None:
    """Somebody came or left."""
    if message.location is not None:
        await old.came(message, message.location, event_update.update_id)


def served(*, talkative: bool) -> web.Application:
    """The bot behind its webhook."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["TELEGRAM_API_URL"]))
    session.middleware(Patience())
    bot, secret = Bot(os.environ["TELEGRAM_BOT_TOKEN"], session), os.environ["TELEGRAM_WEBHOOK_SECRET"]
    router = Router()
    router.message.register(location, F.location)
    dispatcher = Dispatcher()
    dispatcher.include_router(router)

    async def life(_: web.Application) -> AsyncIterator[None]:
        pools = asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=POOL[0], max_size=POOL[1])
        async with aiohttp.ClientSession() as http, pools as pool:
            await pool.execute(SCHEMA)
            addresses = Addresses(http, os.environ["GEOCODER_URL"])
            dispatcher["old"] = OldBot(OldBook(pool), addresses, talkative=talkative)
            url = os.environ["TELEGRAM_WEBHOOK_URL"]
            await bot.set_webhook(url, secret_token=secret, max_connections=CONNECTIONS)
            yield

    application = web.Application()
    application.cleanup_ctx.append(life)
    SimpleRequestHandler(dispatcher, bot, secret_token=secret).register(application, path="/webhook")
    setup_application(application, dispatcher, bot=bot)
    return application


if __name__ == "__main__":
    uvloop.install()
    web.run_app(
        served(talkative=sys.argv[1] == TALKATIVE),
        host=os.environ["LISTEN_ADDRESS"],
        port=int(os.environ["HTTP_PORT"]),
        access_log=None,
    )
