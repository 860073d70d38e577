"""Owns what the sender reads from the environment."""

from shared.settings import BrokerSettings, CacheSettings, CapSettings, ProcessSettings, TelegramSettings


class SenderSettings(ProcessSettings, BrokerSettings, CacheSettings, TelegramSettings, CapSettings):
    """The sender's environment."""
