"""One file a geocoder, each written from its documentation; all keep the contract below."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from shared.errors import FleetError


class GeocoderFailed(FleetError):
    """The geocoder did not answer, or not with what its documentation promises; another try may succeed.

    Attributes:
        retry_after: seconds for which it asked to be left alone; None if it did not say.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Policy:
    """What the geocoder's operators ask of us.

    Attributes:
        rate: requests a second at most; None where there is nobody to be polite to.
        parallel: requests under way at once. With one, the pause of 1 / `rate` counts from the answer.
        backfill_rate: requests a second for addresses that nobody waits for, if these must be fewer.
        cached_for: seconds for which an address is fresh; stale, it serves as long again while it is asked for anew. 0:
            it may not be kept at all, or need not be.
        stored: whether an address may be written down for good.
        attribution: what must be shown with an address, or nothing.
        languages: the IETF tags that it answers in, the first for people of all others; empty: in any.
        here: whether it answers from this process's memory, in less time than Redis does: then nobody waits for
            another, and whom to ask for first is no question.
    """

    rate: float | None = None
    parallel: int = 1
    backfill_rate: float | None = None
    cached_for: float = 24 * 3600.0
    stored: bool = True
    attribution: str = ""
    languages: tuple[str, ...] = ()
    here: bool = False

    def language(self, wanted: str) -> str:
        """The language in which it answers a person of that language."""
        return wanted if not self.languages or wanted in self.languages else self.languages[0]


Gate = Callable[[], Awaitable[None]]
"""Awaited right before a request is written: between its last step and the write is nothing. It may wait; what it
raises stops the request."""


class Geocoder(Protocol):
    """Turns a point into an address."""

    name: str
    policy: Policy

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The address of a point (degrees), in a language of its policy; None where there is no address.

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
