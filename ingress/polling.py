"""Owns getUpdates: for a machine that Telegram cannot call. One ingress polls, whichever holds the turn.

An offset tells Telegram that everything before it is safe, so it moves only over updates that the broker has
confirmed, and in their order.
"""

import asyncio
import random
from typing import Annotated, Final

import aiohttp
import msgspec
import structlog
from pydantic import SecretStr

from ingress.intake import INT64, Fate, Intake
from shared import tracing
from shared.contracts import ALLOWED_UPDATES
from shared.errors import BrokerUnavailable, Undecodable
from shared.turn import Turn

log = structlog.get_logger()

LONG_POLL: Final = 25
"""Seconds Telegram may hold a request while there is nothing."""
PAUSE: Final = 2.0
"""Seconds before another try after a failure; jittered."""


class Answer(msgspec.Struct):
    """What Telegram says to getUpdates; each update's bytes as they came."""

    ok: bool
    result: list[msgspec.Raw] = []
    description: str = ""


def answered(body: bytes) -> Answer:
    """Read an answer.

    Raises:
        Undecodable: it is none.
    """
    try:
        return msgspec.json.decode(body, type=Answer)
    except (ValueError, RecursionError) as problem:  # msgspec's errors are ValueErrors, and so is what is no UTF-8
        raise Undecodable(f"no answer to getUpdates: {problem}") from problem


class _Update(msgspec.Struct):
    update_id: Annotated[int, msgspec.Meta(ge=0, le=INT64)]


def _number(raw: msgspec.Raw) -> int | None:
    """The update's; None of what does not say it so that we can read it."""
    try:
        return msgspec.json.decode(raw, type=_Update).update_id
    except (ValueError, RecursionError):  # as above
        return None


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
                except (aiohttp.ClientError, TimeoutError, Undecodable, BrokerUnavailable) as problem:
                    # the exception's text may hold the address and with it the token: say its kind only
                    log.warning("polling_failed", error=type(problem).__name__)
                    await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _ask(self, session: aiohttp.ClientSession) -> list[msgspec.Raw]:
        patience = LONG_POLL if self.answered else 0  # the first answer says that all is well: let it come at once
        asked = {"offset": self._offset, "timeout": patience, "limit": 100, "allowed_updates": ALLOWED_UPDATES}
        async with session.post(self._url, json=asked) as response:
            answer = answered(await response.read())
        self.answered = answer.ok
        if not answer.ok:
            hint = "; `fleet webhook delete` removes the webhook" if response.status == 409 else ""  # noqa: PLR2004 - HTTP's Conflict
            log.warning("polling_refused", status=response.status, description=answer.description + hint)
            await asyncio.sleep(PAUSE)
        return answer.result

    async def _hand_over(self, updates: list[msgspec.Raw]) -> None:
        """Publish together, then move the offset up to the first that was not confirmed.

        One without a number that we can read is a dead letter by then, and passed over with the next that has one.

        Raises:
            BrokerUnavailable: the broker does not hold that first one.
            Undecodable: none has a number, so Telegram gives all of them again.
        """
        before = self._offset
        fates = await asyncio.gather(*(self._take(bytes(raw)) for raw in updates), return_exceptions=True)
        for raw, fate in zip(updates, fates, strict=True):
            if isinstance(fate, BaseException):
                raise fate
            if (number := _number(raw)) is not None:
                self._offset = max(self._offset, number + 1)
        if updates and self._offset == before:
            raise Undecodable("no update of the answer has a number to go on from")

    async def _take(self, body: bytes) -> Fate:
        with tracing.begin("getUpdates", "client", {}) as step:
            return await self._intake.take(body, step)
