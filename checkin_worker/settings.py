"""Owns what only the check-in worker reads from the environment."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from shared.settings import (
    BotIdentity,
    BrokerSettings,
    ConsentSettings,
    DatabaseSettings,
    GeocodingSwitch,
    ProcessSettings,
    RetentionSettings,
    WorkdaySettings,
)


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


UserId = Annotated[int, Field(gt=0, lt=2**52)]
"""As Telegram has them."""
Ids = Annotated[frozenset[UserId], NoDecode, BeforeValidator(_listed)]


class WorkerSettings(
    ProcessSettings,
    BrokerSettings,
    DatabaseSettings,
    WorkdaySettings,
    ConsentSettings,
    RetentionSettings,
    GeocodingSwitch,
    BotIdentity,
):
    """The check-in worker's environment."""

    registration: Literal["invite", "approval", "open"] = Field(
        "invite",
        description="`invite`: by a manager's link; `approval`: an admin lets in whoever asks; `open`: anyone is "
        "enrolled at first contact",
    )
    admin_ids: Ids = Field(frozenset(), description="Telegram ids of the people who may do everything, comma-separated")
    location_policy: Literal["any", "live"] = Field(
        "any", description="`live`: only a live location counts, `any`: the button's too"
    )
    telegram_bot_username: str = Field(
        "",
        pattern=r"^@?\w*$",
        description="the bot's name without @, as invitation links have it; needed with `REGISTRATION=invite`",
    )

    @model_validator(mode="after")
    def _invitations_need_the_bots_name(self) -> Self:
        if self.registration == "invite" and not self.telegram_bot_username:
            msg = "TELEGRAM_BOT_USERNAME: missing (the bot's name without @; invitation links need it)"
            raise ValueError(msg)
        return self
