"""Owns what Telegram should hold about our webhook, and in what it differs from what it does hold.

The secret is not told by Telegram, so no comparison sees it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from shared.contracts import ALLOWED_UPDATES

if TYPE_CHECKING:
    from aiogram.types import WebhookInfo

MAX_CONNECTIONS: Final = 100
"""The most that Telegram allows; its default of 40 lets 80 chats with failing updates stop the bot."""
ITS_CONNECTIONS: Final = 40
"""Telegram's default."""

Setting = Literal["url", "allowed_updates", "max_connections"]
SETTINGS: Final[tuple[Setting, ...]] = get_args(Setting)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where and how Telegram delivers.

    Attributes:
        url: empty for nowhere: updates wait to be polled.
        allowed_updates: kinds of update; none for Telegram's own choice.
        max_connections: that it opens at most.
    """

    url: str = ""
    allowed_updates: frozenset[str] = frozenset()
    max_connections: int = ITS_CONNECTIONS

    def drift(self, wish: "Webhook") -> list[Setting]:
        """In what this differs from the wish; of a bot that is polled only a webhook that it has."""
        if not wish.url:
            return ["url"] if self.url else []
        return [setting for setting in SETTINGS if getattr(self, setting) != getattr(wish, setting)]


def held(info: "WebhookInfo") -> Webhook:
    """What Telegram says that it holds; what it leaves out is its default."""
    return Webhook(info.url, frozenset(info.allowed_updates or ()), info.max_connections or ITS_CONNECTIONS)


def ours(url: str) -> Webhook:
    """What the fleet wants: to this address, or nowhere."""
    return Webhook(url, frozenset(ALLOWED_UPDATES), MAX_CONNECTIONS) if url else Webhook()
