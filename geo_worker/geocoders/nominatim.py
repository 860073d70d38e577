"""Owns Nominatim: OpenStreetMap's public geocoder, or one's own server.

Documentation: https://nominatim.org/release-docs/latest/api/Reverse/. The public server's policy
(https://operations.osmfoundation.org/policies/nominatim/): one request a second for the whole application, none in
parallel, four a minute for scripts that run regularly, an identifying User-Agent, attribution shown, results cached.
"""

import re
from typing import Final

import msgspec

from geo_worker.geocoders import Gate, GeocoderFailed, Policy, one_line
from geo_worker.geocoders.http import AGENT, GeocoderHttp, degrees

PUBLIC: Final = "https://nominatim.openstreetmap.org/reverse"
PUBLIC_RATE: Final = 1.0
PUBLIC_BACKFILL_RATE: Final = 4 / 60
_PUBLIC_HOST: Final = re.compile(
    r"https?://([^/?#]*@)?nominatim\.openstreetmap\.org\.?(:\d*)?([/?#].*)?", re.IGNORECASE | re.DOTALL
)


def is_public(url: str | None) -> bool:
    """Whether that setting leads to the public server, whose policy asks for an address to write to."""
    return url is None or _PUBLIC_HOST.fullmatch(url) is not None


class _Answer(msgspec.Struct):
    display_name: str | None = None
    error: str | None = None  # where there is no address, with status 200


class Nominatim:
    """Asks Nominatim's /reverse.

    The public server's rate is its operators' law: a setting may make it slower, not faster.
    """

    name = "nominatim"

    def __init__(self, url: str | None, contact: str | None, rate: float | None, timeout: float) -> None:
        public = is_public(url)
        allowed = min(rate or PUBLIC_RATE, PUBLIC_RATE) if public else rate or PUBLIC_RATE
        self.policy = Policy(
            rate=allowed,
            parallel=1,
            backfill_rate=min(allowed, PUBLIC_BACKFILL_RATE) if public else None,
            attribution="© OpenStreetMap",
        )
        agent = f"{AGENT} ({contact})" if contact else AGENT
        self._http = GeocoderHttp(url or PUBLIC, timeout, agent, "GEOCODER_CONTACT, and the server's usage policy")

    async def reverse(self, latitude: float, longitude: float, language: str, gate: Gate) -> str | None:
        """The place's full name as Nominatim writes it."""
        query = {
            "lat": degrees(latitude),
            "lon": degrees(longitude),
            "format": "jsonv2",
            "zoom": "18",
            "layer": "address",
            "accept-language": language,
        }
        answer = await self._http.ask(query, _Answer, gate)
        if answer.display_name is None and answer.error is None:
            raise GeocoderFailed("not the documented answer: neither display_name nor error")
        return one_line(answer.display_name) if answer.display_name else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
