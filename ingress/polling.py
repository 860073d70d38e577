"""Owns getUpdates: for a machine that Telegram cannot call. One ingress polls, whichever holds the turn.

An offset tells Telegram that everything before it is safe, so it moves only over updates that the broker has
confirmed, and in their order.
"""

import asyncio
import random
from typing import Final

import aiohttp
import msgspec
import structlog
from pydantic import SecretStr

from ingress.intake import Fate, Intake
from shared import tracing
from shared.contracts import ALLOWED_UPDATES
from shared.errors import BrokerUnavailable
from shared.turn import Turn

log = structlog.get_logger()

LONG_POLL: Final = 25
"""Seconds Telegram may hold a request while there is nothing."""
PAUSE: Final = 2.0
"""Seconds before another try after a failure; jittered."""


class _Update(msgspec.Struct):
    update_id: int


class _Answer(msgspec.Struct):
    ok: bool
    result: list[msgspec.Raw] = []
    description: str = ""


class Polling:
    """Asks Telegram for updates for ever and hands them to the intake."""

    def __init__(self, intake: Intake, turn: Turn, api_url: str, token: SecretStr) -> None:
        self._intake = intake
        self._turn = turn
        self._url = f"{api_url.rstrip('/')}/bot{token.get_secret_value()}/getUpdates"
        self._offset = 0
        self.answered = False

    async def run(self) -> None:
        """Poll while it is our turn."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LONG_POLL + 10)) as session:
            while True:
                await self._turn.wait()
                try:
                    updates = await self._ask(session)
                    await self._hand_over(updates)
                except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError, BrokerUnavailable) as problem:
                    # the exception's text may hold the address and with it the token: say its kind only
                    log.warning("polling_failed", error=type(problem).__name__)
                    await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _ask(self, session: aiohttp.ClientSession) -> list[msgspec.Raw]:
        patience = LONG_POLL if self.answered else 0  # the first answer says that all is well: let it come at once
        asked = {"offset": self._offset, "timeout": patience, "limit": 100, "allowed_updates": ALLOWED_UPDATES}
        async with session.post(self._url, json=asked) as response:
            answer = msgspec.json.decode(await response.read(), type=_Answer)
        self.answered = answer.ok
        if not answer.ok:
            hint = "; `fleet webhook delete` removes the webhook" if response.status == 409 else ""  # noqa: PLR2004 - HTTP's Conflict
            log.warning("polling_refused", status=response.status, description=answer.description + hint)
            await asyncio.sleep(PAUSE)
        return answer.result

    async def _hand_over(self, updates: list[msgspec.Raw]) -> None:
        """Publish together, then move the offset up to the first that was not confirmed."""
        fates = await asyncio.gather(*(self._take(bytes(raw)) for raw in updates), return_exceptions=True)
        for raw, fate in zip(updates, fates, strict=True):
            if isinstance(fate, BaseException):
                raise fate
            self._offset = msgspec.json.decode(raw, type=_Update).update_id + 1

    async def _take(self, body: bytes) -> Fate:
        with tracing.begin("getUpdates", "client", {}) as step:
            return await self._intake.take(body, step)
