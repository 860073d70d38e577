"""Owns how the old bot makes its calls: no faster than a limiter lets it, obeying 429, and again what failed."""

import asyncio
from typing import Final

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiolimiter import AsyncLimiter

TRIES: Final = 5
"""Of a call that a connection or a server failed."""


class Patience(BaseRequestMiddleware):
    """Lets calls out thirty a second, none before the time that a 429 named, and makes again what was not done."""

    def __init__(self) -> None:
        self._limiter = AsyncLimiter(30, 1)
        self._silent_until = 0.0

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """Make the call; its answer, or its last error."""
        failures, loop = 0, asyncio.get_running_loop()
        while True:
            async with self._limiter:
                pass
            while (rest := self._silent_until - loop.time()) > 0:
                await asyncio.sleep(rest)
                async with self._limiter:
                    pass
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as flood:
                self._silent_until = max(self._silent_until, loop.time() + flood.retry_after)
            except (TelegramNetworkError, TelegramServerError):
                failures += 1
                if failures == TRIES:
                    raise
                await asyncio.sleep(2**failures)
