"""One file a geocoder, each written from its documentation; all keep the contract below."""

from dataclasses import dataclass
from typing import Protocol

from shared.errors import FleetError


class GeocoderFailed(FleetError):
    """The geocoder did not answer, or not with what its documentation promises; another try may succeed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the geocoder's operators ask of us.

    Attributes:
        rate: requests a second at most; None where there is nobody to be polite to.
        parallel: requests under way at once.
        attribution: what must be shown with an address, or nothing.
    """

    rate: float | None = None
    parallel: int = 1
    attribution: str = ""


class Geocoder(Protocol):
    """Turns a point into an address."""

    name: str
    policy: Policy

    async def reverse(self, latitude: float, longitude: float, language: str) -> str | None:
        """The address of a point (degrees), in the language if it can be had; None where there is no address.

        Raises:
            GeocoderFailed: no answer, or not one that can be understood.
        """

    async def aclose(self) -> None:
        """Let go of connections."""


ADDRESS_LENGTH = 300
"""Characters of an address that are kept; a reply holds 4,096."""


def one_line(address: str) -> str | None:
    """An address fit to stand in one line of a message, or None when nothing is left of it."""
    printable = "".join(char if char.isprintable() else " " for char in address)
    return " ".join(printable.split())[:ADDRESS_LENGTH].rstrip(" ,") or None
