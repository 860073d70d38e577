"""Owns asking a geocoder over HTTP: who we say we are, how long we wait, how much we read, what counts as an answer."""

from collections.abc import Mapping
from typing import Final, TypeVar

import aiohttp
import msgspec

from geo_worker.geocoders import GeocoderFailed

MAX_BODY: Final = 64 * 1024
"""Bytes; an answer is one or two kilobytes."""

T = TypeVar("T")


class GeocoderHttp:
    """One geocoder's endpoint."""

    def __init__(self, url: str, timeout: float, user_agent: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout), headers={"User-Agent": user_agent}, raise_for_status=False
        )

    async def ask(self, query: Mapping[str, str], kind: type[T]) -> T:
        """GET the endpoint and read its JSON as that type.

        Raises:
            GeocoderFailed: no answer in time, a status other than 200, too much, or not of that type.
        """
        try:
            async with self._session.get(self._url, params=query, allow_redirects=False) as response:
                body = await response.content.read(MAX_BODY + 1)
                while len(body) <= MAX_BODY and (more := await response.content.read(MAX_BODY)):
                    body += more
        except (aiohttp.ClientError, OSError) as problem:  # TimeoutError is an OSError
            raise GeocoderFailed(f"no answer: {type(problem).__name__}") from problem
        if response.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise GeocoderFailed(f"status {response.status}")
        if len(body) > MAX_BODY:
            raise GeocoderFailed(f"the answer is over {MAX_BODY} bytes")
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise GeocoderFailed(f"not the documented answer: {problem}") from problem

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()
