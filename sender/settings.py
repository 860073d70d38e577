"""Owns what only the sender reads from the environment."""

from pydantic import Field

from shared.settings import BrokerSettings, CacheSettings, ProcessSettings, TelegramSettings


class SenderSettings(ProcessSettings, BrokerSettings, CacheSettings, TelegramSettings):
    """The sender's environment."""

    sender_rate: int = Field(30, ge=1, le=1000, description="calls to Telegram in any second, across all senders")
    sender_guard_ms: int = Field(
        25, ge=0, le=1000, description="milliseconds of jitter on the way to Telegram that the cap is proof against"
    )

    @property
    def guard(self) -> float:
        """The guard in seconds."""
        return self.sender_guard_ms / 1000
