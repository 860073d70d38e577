"""Owns what only the geo worker reads from the environment."""

from typing import Self

from pydantic import Field, model_validator

from shared.settings import BrokerSettings, CacheSettings, DatabaseSettings, GeocodingSwitch, ProcessSettings


class GeoSettings(ProcessSettings, BrokerSettings, DatabaseSettings, CacheSettings, GeocodingSwitch):
    """The geo worker's environment."""

    geocoder_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="full address of the reverse endpoint; photon needs one, nominatim's default is the public one",
    )
    geocoder_contact: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address that Nominatim's operators can write to"
    )
    geocoder_rate: float | None = Field(
        None, gt=0, le=1000, description="requests a second to the geocoder; nominatim 1, photon 20 by default"
    )
    geocoder_timeout: float = Field(5.0, gt=0, le=20, description="seconds a geocoder may take to answer")

    @model_validator(mode="after")
    def _geocoder_has_what_it_needs(self) -> Self:
        if not self.geocoding:
            return self
        if self.geocoder == "nominatim" and self.geocoder_contact is None:
            msg = "GEOCODER_CONTACT: missing; Nominatim's terms ask for an e-mail address of whoever runs this"
            raise ValueError(msg)
        if self.geocoder == "photon" and self.geocoder_url is None:
            msg = "GEOCODER_URL: missing; the address of your Photon, e.g. http://photon:2322/reverse"
            raise ValueError(msg)
        return self
