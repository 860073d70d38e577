"""Owns what only the ingress reads from the environment."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from ingress.sources import Network, networks
from shared.settings import BotToken, BrokerSettings, IntakeSettings, Port, ProcessSettings, WebhookSecret


class IngressSettings(ProcessSettings, BrokerSettings, IntakeSettings):
    """The ingress's environment."""

    http_port: Port = Field(8080, description="`POST /webhook` listens here")
    telegram_webhook_secret: WebhookSecret | None = Field(
        None,
        validate_default=True,
        description="1 to 256 of A-Z a-z 0-9 _ -; what Telegram must show with each update; `openssl rand -hex 32`",
    )
    telegram_webhook_secret_previous: WebhookSecret | None = Field(
        None, description="the secret before, accepted too while rotating"
    )
    webhook_sources: Annotated[frozenset[Network], NoDecode, BeforeValidator(networks)] = Field(
        frozenset(),
        description="who may call, by address: `telegram` (its published ranges), or networks, comma-separated; none: "
        "everybody who has the secret",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        description="for WEBHOOK_SOURCES: how many proxies of yours stand before the ingress, each of which adds its "
        "caller to X-Forwarded-For; 0: the header is not looked at",
    )
    telegram_bot_token: BotToken | None = Field(
        None, validate_default=True, description="the bot's token from @BotFather, `123456:ABC...`; for polling"
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", pattern=r"^https?://", description="address of the Bot API; for polling"
    )

    @field_validator("telegram_webhook_secret", "telegram_bot_token")
    @classmethod
    def _mode_has_its_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        mode = "webhook" if info.field_name == "telegram_webhook_secret" else "polling"
        if value is None and info.data.get("ingress_mode") == mode:
            msg = f"missing, INGRESS_MODE={mode} needs it"
            raise ValueError(msg)
        return value

    @property
    def secrets(self) -> list[bytes]:
        """The secrets that are accepted, as bytes."""
        both = (self.telegram_webhook_secret, self.telegram_webhook_secret_previous)
        return [secret.get_secret_value().encode() for secret in both if secret is not None]
