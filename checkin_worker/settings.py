"""Owns what only the check-in worker reads from the environment."""

from typing import Literal

from pydantic import Field

from shared.settings import BrokerSettings, DatabaseSettings, GeocodingSwitch, ProcessSettings, WorkdaySettings


class WorkerSettings(ProcessSettings, BrokerSettings, DatabaseSettings, WorkdaySettings, GeocodingSwitch):
    """The check-in worker's environment."""

    registration: Literal["open"] = Field(
        description="`open`: anyone is enrolled at first contact, be it /start or a location; never assumed, say it"
    )
    consent: Literal["off"] = Field(description="`off`: the company has it on paper; never assumed, say it")
