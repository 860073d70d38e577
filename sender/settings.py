"""Owns what the sender reads from the environment."""

from pydantic import Field

from shared.settings import (
    BrokerSettings,
    CacheSettings,
    CapSettings,
    IntakeSettings,
    ProcessSettings,
    TelegramSettings,
)
from shared.webhook import Webhook, ours


class SenderSettings(ProcessSettings, BrokerSettings, CacheSettings, TelegramSettings, IntakeSettings, CapSettings):
    """The sender's environment."""

    telegram_webhook_url: str | None = Field(
        None, pattern=r"^https?://", description="where Telegram should call: the metrics tell when it calls elsewhere"
    )

    @property
    def webhook(self) -> Webhook | None:
        """What Telegram should hold; None where that is not known."""
        if self.ingress_mode == "polling":
            return ours("")
        return None if self.telegram_webhook_url is None else ours(self.telegram_webhook_url)
