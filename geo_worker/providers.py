"""Owns which geocoders are in use: those that the settings name, or those that an operator chose.

What was made once is kept until the process ends, with its circuit; and each server's pace, however its address is
written: switching to and fro must not let a geocoder be asked faster.
"""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import structlog

from geo_worker.choice import NO_CHOICE
from geo_worker.geocoders import Geocoder, google, mapbox
from geo_worker.geocoders.google import Google
from geo_worker.geocoders.mapbox import Mapbox
from geo_worker.geocoders.nominatim import Nominatim, is_public
from geo_worker.geocoders.offline import Offline
from geo_worker.geocoders.photon import Photon
from geo_worker.pace import Pace, Right
from geo_worker.provider import Provider
from geo_worker.settings import GeoSettings
from shared.contracts import GeocoderChoice

log = structlog.get_logger()

NONE: Final = "none"
PUBLIC_SERVERS: Final = {
    name: urlsplit(url).netloc for name, url in (("google", google.PUBLIC), ("mapbox", mapbox.PUBLIC))
}


class Providers:
    """The geocoders of this process.

    Args:
        settings: what they need.
        right: to ask them.
        use: told which are in use, best first, after each change.

    Attributes:
        choice: the operator's, which was heard last.
        problem: why it cannot be obeyed, and what to do; empty if it is obeyed.
    """

    def __init__(self, settings: GeoSettings, right: Right, use: Callable[[Sequence[Provider]], None]) -> None:
        self._settings = settings
        self._right = right
        self._use = use
        self._made: dict[tuple[str, str | None], Provider] = {}
        self._paces: dict[str, Pace] = {}
        self.choice = NO_CHOICE
        self.problem = ""

    def heed(self, choice: GeocoderChoice) -> None:
        """Use what an operator chose; what cannot be used changes nothing."""
        self.choice = choice
        names = [] if choice.names == [NONE] else choice.names or self._settings.geocoders
        self.problem = self._settings.lack(names, choice.url) or ""
        if self.problem:
            log.error("choice_not_obeyed", names=names, problem=self.problem)
            return
        self._use([self._provider(name, choice.url if name == names[0] else None) for name in names])

    async def aclose(self) -> None:
        """Let go of connections."""
        for provider in self._made.values():
            await provider.geocoder.aclose()

    def _provider(self, name: str, chosen_url: str | None) -> Provider:
        url = self._settings.url(name, chosen_url)
        if (made := self._made.get((name, url))) is None:
            asked, source = geocoder(name, url, self._settings), source_of(name, url)
            pace = self._paces.setdefault(source, Pace(asked.policy, self._right))
            made = self._made[name, url] = Provider(asked, pace, source)
            log.info("geocoder_made", geocoder=name)
        return made


def source_of(name: str, url: str | None) -> str:
    """Names the server behind an address, however that is written; the public one if there is none."""
    if url is None or (name == "nominatim" and is_public(url)) or (server := urlsplit(url).netloc.lower()) == "":
        return name
    return name if server == PUBLIC_SERVERS.get(name) else f"{name}@{server.rpartition('@')[2]}"


def geocoder(name: str, url: str | None, settings: GeoSettings) -> Geocoder:
    """Make the geocoder of that name.

    Raises:
        ValueError: there is none, or something is missing that it needs.
    """
    rate, timeout, key = settings.rate(name), settings.geocoder_timeout, settings.geocoder_api_key
    match name:
        case "offline":
            return Offline()
        case "nominatim":
            return Nominatim(url, settings.geocoder_contact, rate, timeout)
        case "photon" if url is not None:
            return Photon(url, rate, timeout)
        case "google" if key is not None:
            return Google(url, key, rate, timeout)
        case "mapbox" if key is not None:
            return Mapbox(url, key, rate, timeout)
        case _:
            raise ValueError(f"there is no geocoder {name!r}, or it lacks something")
