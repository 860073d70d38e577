"""Owns what only the geo worker reads from the environment, and what each geocoder needs of it."""

from collections.abc import Iterator, Sequence
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from geo_worker.geocoders.nominatim import PUBLIC_RATE, is_public
from shared.settings import (
    GEOCODERS,
    BrokerSettings,
    CacheSettings,
    DatabaseSettings,
    GeocodingSwitch,
    ProcessSettings,
)

_KEYED: Final = ("google", "mapbox")


class GeoSettings(ProcessSettings, BrokerSettings, DatabaseSettings, CacheSettings, GeocodingSwitch):
    """The geo worker's environment."""

    geocoder_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description=(
            "full address of the reverse endpoint of the first geocoder; photon needs one, the others' default is the "
            "public one"
        ),
    )
    geocoder_api_key: SecretStr | None = Field(None, description="key of google or mapbox")
    geocoder_contact: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address that Nominatim's operators can write to"
    )
    geocoder_rate: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="requests a second to the first geocoder; nominatim 1, photon 100, google 50, mapbox 10 by default",
    )
    geocoder_timeout: float = Field(5.0, gt=0, le=20, description="seconds a geocoder may take to answer")

    @model_validator(mode="after")
    def _geocoders_have_what_they_need(self) -> Self:
        if (problem := self.lack(self.geocoders)) is not None:
            raise ValueError(problem)
        return self

    def url(self, name: str, chosen: str | None = None) -> str | None:
        """The address of this geocoder's endpoint: the chosen one, or the settings' if it is the first there."""
        return chosen or (self.geocoder_url if self._is_first(name) else None)

    def rate(self, name: str) -> float | None:
        """Requests a second to this geocoder, if the settings say so."""
        return self.geocoder_rate if self._is_first(name) else None

    def lack(self, names: Sequence[str], chosen_url: str | None = None) -> str | None:
        """What is missing to ask these geocoders, the variable first; None if nothing is."""
        return next(self._lacks(names, chosen_url), None)

    def _lacks(self, names: Sequence[str], chosen_url: str | None) -> Iterator[str]:
        if all(name in names for name in _KEYED):
            yield "GEOCODER: google and mapbox have a key each, and GEOCODER_API_KEY holds one: name one of them"
        for name in names:
            url = self.url(name, chosen_url if name == names[0] else None)
            if name not in GEOCODERS:
                yield f"GEOCODER: there is no geocoder {name!r}; there are {', '.join(GEOCODERS)}"
            if name == "nominatim" and is_public(url):
                yield from self._public_nominatim_lacks()
            if name == "photon" and url is None:
                yield (
                    "GEOCODER_URL: missing; the address of your Photon, which is the first geocoder then, "
                    "e.g. http://photon:2322/reverse"
                )
            if name in _KEYED:
                yield from self._keyed_lacks(name, url)

    def _public_nominatim_lacks(self) -> Iterator[str]:
        if self.geocoder_contact is None:
            yield "GEOCODER_CONTACT: missing; Nominatim's terms ask for an e-mail address of whoever runs this"
        if (self.rate("nominatim") or PUBLIC_RATE) > PUBLIC_RATE:
            yield "GEOCODER_RATE: Nominatim's public server is asked once a second at most; leave it out"

    def _keyed_lacks(self, name: str, url: str | None) -> Iterator[str]:
        if any(other in self.geocoders for other in _KEYED if other != name):
            yield f"GEOCODER_API_KEY: is not {name}'s, but that of the geocoder which GEOCODER names"
        if self.geocoder_api_key is None:
            yield f"GEOCODER_API_KEY: missing; {name} answers nobody without a key"
        if url is not None and not url.startswith("https://"):
            yield f"GEOCODER_URL: must begin with https://, for {name}'s key travels in it"

    def _is_first(self, name: str) -> bool:
        return self.geocoders[:1] == [name]
