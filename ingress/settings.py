"""Owns what only the ingress reads from the environment."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.settings import BotToken, BrokerSettings, Port, ProcessSettings, WebhookSecret


class IngressSettings(ProcessSettings, BrokerSettings):
    """The ingress's environment."""

    ingress_mode: Literal["webhook", "polling"] = Field(
        "webhook", description="`webhook`, or `polling` for a machine without a public address"
    )
    http_port: Port = Field(8080, description="`POST /webhook` listens here")
    telegram_webhook_secret: WebhookSecret | None = Field(
        None, description="1 to 256 of A-Z a-z 0-9 _ -; what Telegram must show with each update"
    )
    telegram_webhook_secret_previous: WebhookSecret | None = Field(
        None, description="the secret before, accepted too while rotating"
    )
    telegram_bot_token: BotToken | None = Field(
        None, description="the bot's token from @BotFather, `123456:ABC...`; for polling"
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", pattern=r"^https?://", description="address of the Bot API; for polling"
    )

    @model_validator(mode="after")
    def _mode_has_its_secret(self) -> Self:
        if self.ingress_mode == "webhook" and self.telegram_webhook_secret is None:
            msg = "TELEGRAM_WEBHOOK_SECRET: missing; without it anybody could post (make one: `openssl rand -hex 32`)"
            raise ValueError(msg)
        if self.ingress_mode == "polling" and self.telegram_bot_token is None:
            msg = "TELEGRAM_BOT_TOKEN: missing; INGRESS_MODE=polling asks Telegram with it (get one: @BotFather)"
            raise ValueError(msg)
        return self

    @property
    def secrets(self) -> list[bytes]:
        """The secrets that are accepted, as bytes."""
        both = (self.telegram_webhook_secret, self.telegram_webhook_secret_previous)
        return [secret.get_secret_value().encode() for secret in both if secret is not None]
