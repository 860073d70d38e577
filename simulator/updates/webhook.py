"""The webhook's settings, as setWebhook takes or refuses them, and what getWebhookInfo tells about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator.botapi.errors import BadRequestError
from simulator.updates.queue import KINDS

if TYPE_CHECKING:
    from aiogram.methods import SetWebhook

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_CONNECTIONS = 40
MOST_CONNECTIONS = 100
LONGEST_SECRET = 256
_SECRET = re.compile(r"[A-Za-z0-9_-]+")
_CONTAINER = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where updates go, and how."""

    url: str
    secret_token: str = ""
    max_connections: int = DEFAULT_CONNECTIONS


@dataclass(slots=True)
class WebhookState:
    """What went wrong last."""

    last_error_date: int = 0
    last_error_message: str = ""

    def describe(self, settings: WebhookSettings | None, allowed: frozenset[str], pending: int) -> dict[str, Any]:
        """The WebhookInfo object; as at Telegram it leaves out what is not set, and kinds that are the default."""
        info: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": pending}
        if settings is not None:
            info |= {"url": settings.url, "max_connections": settings.max_connections, "ip_address": "<unknown>"}
        if self.last_error_date:
            info |= {"last_error_date": self.last_error_date, "last_error_message": self.last_error_message}
        if allowed:
            info["allowed_updates"] = [kind for kind in KINDS if kind in allowed]
        return info


def read_settings(method: SetWebhook) -> WebhookSettings:
    """The settings asked for, or Telegram's refusal.

    Unlike at Telegram, any port will do, and plain http to this machine and to names of one word, as containers have.
    """
    secret = method.secret_token or ""
    if len(secret) > LONGEST_SECRET:
        raise BadRequestError("secret token is too long")
    if secret and not _SECRET.fullmatch(secret):
        raise BadRequestError("secret token contains unallowed characters")
    wanted = DEFAULT_CONNECTIONS if method.max_connections is None else method.max_connections
    _check_url(method.url)
    return WebhookSettings(method.url, secret, min(max(wanted, 1), MOST_CONNECTIONS))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise BadRequestError("bad webhook: invalid webhook URL specified")
    near = host in LOOPBACK or _CONTAINER.fullmatch(host) is not None
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise BadRequestError("bad webhook: An HTTPS URL must be provided for webhook")
