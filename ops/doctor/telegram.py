"""Owns the checks of what Telegram holds: that the token is good, and that updates are delivered as they should be."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from ops.doctor import clocks
from ops.doctor.findings import EngineAway, Finding, ok, unchecked, warning, wrong
from ops.doctor.surroundings import Surroundings
from ops.webhook import WebhookAddress
from shared.contracts import ALLOWED_UPDATES
from shared.settings import TelegramSettings
from shared.webhook import ITS_CONNECTIONS, MAX_CONNECTIONS

TIMEOUT: Final = 5.0
RECENT: Final = timedelta(minutes=15)
"""How old Telegram's last error may be while it still says something: it tries again within two minutes."""
PENDING: Final = 1_000
"""Updates that may wait at Telegram: a burst's first seconds."""
SET: Final = "fleet webhook apply"
_NOT_OURS: Final = (401, 404)
"""Of a token that was revoked, or never was one."""


class BotApi:
    """The two questions that the doctor has; by hand, since aiogram shows no headers."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, method: str) -> tuple[Mapping[str, Any], str]:
        """Returns Telegram's answer, and its `Date` header.

        Raises:
            EngineAway: there is no answer; says nothing of the address, which holds the token.
        """
        try:
            async with self._session.get(f"{self._url}/{method}") as response:
                answer = await response.json(content_type=None)
                date = response.headers.get("Date", "")
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise EngineAway(f"the Bot API does not answer ({type(problem).__name__})") from problem
        if not isinstance(answer, dict):
            raise EngineAway("the Bot API answers with something else than the Bot API's answers")
        return answer, date


@contextlib.asynccontextmanager
async def bot_api(around: Surroundings) -> AsyncIterator[BotApi]:
    """Open the Bot API for the block."""
    settings = around.of(TelegramSettings)
    url = f"{settings.telegram_api_url.rstrip('/')}/bot{settings.telegram_bot_token.get_secret_value()}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        yield BotApi(session, url)


async def telegram(around: Surroundings) -> Sequence[Finding]:
    """Whether the token is good, and the bot the one that invitations name; and the clocks."""
    async with bot_api(around) as api:
        asked = around.now()
        answer, date = await api.ask("getMe")
        middle = asked + (around.now() - asked) / 2
    found = [judge_token(answer, str(around.value("telegram_bot_username") or ""))]
    with contextlib.suppress(ValueError):  # a proxy in between may say none
        ahead = (parsedate_to_datetime(date) - middle).total_seconds()
        found.append(clocks.judge("Telegram", ahead + 0.5))  # a date is cut to whole seconds
    return found


def judge_token(answer: Mapping[str, Any], named: str) -> Finding:
    """What getMe says; `named` is TELEGRAM_BOT_USERNAME."""
    if not answer.get("ok"):
        said = answer.get("description", "no reason given")
        if answer.get("error_code") not in _NOT_OURS:
            raise EngineAway(f"the Bot API answers with an error: {said}")
        return wrong(f"Telegram refuses the token: {said}", "ask @BotFather for the token: /mybots, API Token")
    username = answer["result"].get("username", "")
    if named and named.removeprefix("@").lower() != username.lower():
        said = f"TELEGRAM_BOT_USERNAME is {named}, and the token is @{username}'s: invitation links lead elsewhere"
        return wrong(said, f"TELEGRAM_BOT_USERNAME={username}")
    return ok(f"the token is that of @{username}")


async def webhook(around: Surroundings) -> Sequence[Finding]:
    """How Telegram delivers updates, and what went wrong last."""
    async with bot_api(around) as api:
        answer, _ = await api.ask("getWebhookInfo")
    if not answer.get("ok"):
        raise EngineAway(f"Telegram refuses: {answer.get('description', 'no reason given')}")
    info = answer["result"]
    if around.value("ingress_mode") == "polling":
        return [judge_polling(info)]
    settings = around.groups.get(WebhookAddress)
    wished = settings.telegram_webhook_url if isinstance(settings, WebhookAddress) else None
    found = [*drifts(info, wished), *judge_delivery(info, around.now())]
    if wished is None and info.get("url"):
        found.append(unchecked(f"updates go to {info['url']}; should they? TELEGRAM_WEBHOOK_URL is not set here"))
    return found or [ok(f"updates go to {info['url']}, {info.get('pending_update_count', 0)} wait")]


def judge_polling(info: Mapping[str, Any]) -> Finding:
    """A bot with a webhook cannot be polled."""
    if info.get("url"):
        return wrong("the bot has a webhook, and INGRESS_MODE=polling cannot poll it", "fleet webhook delete")
    return ok(f"no webhook, as polling needs it; {info.get('pending_update_count', 0)} updates wait")


def drifts(info: Mapping[str, Any], wished: str | None) -> Iterator[Finding]:
    """What Telegram holds otherwise than `fleet webhook apply` tells it; `wished` is TELEGRAM_WEBHOOK_URL."""
    url = info.get("url", "")
    if not url:
        yield wrong("no webhook is set: updates wait at Telegram for a day, then they are lost", SET)
        return
    if wished is not None and url != wished:
        yield wrong(f"updates go to {url}, not to TELEGRAM_WEBHOOK_URL, {wished}", SET)
    if (most := info.get("max_connections", ITS_CONNECTIONS)) != MAX_CONNECTIONS:
        yield warning(f"max_connections is {most}, not {MAX_CONNECTIONS}: a burst comes in slower", SET)
    # Telegram leaves the list out while it is the default: all kinds but some
    kinds = set(info.get("allowed_updates", ()))
    if missing := sorted({*ALLOWED_UPDATES} - kinds) if kinds else []:
        yield wrong(f"Telegram does not deliver {', '.join(missing)}", SET)
    elif not kinds or kinds - {*ALLOWED_UPDATES}:
        yield warning("Telegram delivers kinds of update that nobody handles", SET)


def judge_delivery(info: Mapping[str, Any], now: datetime) -> Sequence[Finding]:
    """Whether deliveries succeed."""
    pending, last = info.get("pending_update_count", 0), info.get("last_error_date", 0)
    age = now - datetime.fromtimestamp(last, UTC)
    if last and age < RECENT:
        minutes = max(0, age.total_seconds()) / 60
        said = f"{minutes:.0f} min ago Telegram could not deliver: {info.get('last_error_message', '')}; {pending} wait"
        mend = "is the ingress up at TELEGRAM_WEBHOOK_URL, does its certificate hold, is the secret the same?"
        return [wrong(said, mend) if pending else warning(said, mend)]
    if pending > PENDING:
        return [warning(f"{pending:,} updates wait at Telegram", "more ingresses, or wait: they come by themselves")]
    return []
