"""Owns what only the sender reads from the environment."""

from pydantic import Field

from shared.settings import BrokerSettings, CacheSettings, IntakeSettings, ProcessSettings, TelegramSettings
from shared.webhook import Webhook, ours


class SenderSettings(ProcessSettings, BrokerSettings, CacheSettings, TelegramSettings, IntakeSettings):
    """The sender's environment."""

    sender_rate: int = Field(30, ge=1, le=1000, description="calls to Telegram in any second, across all senders")
    sender_guard_ms: int = Field(
        25, ge=0, le=1000, description="milliseconds of jitter on the way to Telegram that the cap is proof against"
    )

    telegram_webhook_url: str | None = Field(
        None, pattern=r"^https?://", description="where Telegram should call: the metrics tell when it calls elsewhere"
    )

    @property
    def webhook(self) -> Webhook | None:
        """What Telegram should hold; None where that is not known."""
        if self.ingress_mode == "polling":
            return ours("")
        return None if self.telegram_webhook_url is None else ours(self.telegram_webhook_url)

    @property
    def guard(self) -> float:
        """The guard in seconds."""
        return self.sender_guard_ms / 1000
