"""Owns the memory of addresses: by server, language and cell, in this process and in Redis, as policies allow.

GPS jitters by 10 to 20 m, so a memory by coordinates never hits. Cells are H3's of resolution 10 (edges of 76 m): finer
ones miss more often, and coarser ones give people the address of the next street (`make bench-geo` prints the table,
docs/performance.md has it). An address is that of the point of the cell which was asked for first.

An address is fresh for a day, less up to a fifth, so that not all of a morning's are old at once; then stale for
another day, in which it still serves while it is asked for anew. That there is no address holds for an hour at most.
Redis away: what this process knows is enough for what it has seen; the rest is asked for. Of a geocoder in this process
nothing is kept.
"""

import contextlib
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

import h3
import msgspec

from geo_worker.provider import Provider
from shared.errors import CacheUnavailable

RESOLUTION: Final = 10
REMEMBERED: Final = 10_000
"""Addresses held in memory."""
NOTHING_THERE: Final = 3600.0
"""Seconds for which it holds at most that there is no address."""
JITTER: Final = 0.2


class AddressStore(Protocol):
    """What is needed of Redis; failures are `CacheUnavailable`."""

    async def get(self, key: str) -> str | None:
        """The value, or None."""

    async def put(self, key: str, value: str, seconds: int) -> None:
        """Keep the value that long."""


class Known(msgspec.Struct, frozen=True, array_like=True):
    """An address, None where there is none; until when it is fresh, and until when it may serve (unix seconds)."""

    address: str | None
    fresh_until: float
    kept_until: float


_decoder = msgspec.json.Decoder(Known)


def cell_of(latitude: float, longitude: float) -> str:
    """The cell of a point in degrees."""
    return str(h3.latlng_to_cell(latitude, longitude, RESOLUTION))


class Addresses:
    """What is known."""

    def __init__(self, store: AddressStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[str, Known] = OrderedDict()

    async def find(self, provider: Provider, language: str, cell: str, *, here_alone: bool = False) -> Known | None:
        """What the geocoder said of the cell, fresh or stale; None if that is not known.

        Args:
            provider: the geocoder that was asked.
            language: in which people want the address; the geocoder may answer in another.
            cell: of the point.
            here_alone: Redis need not be asked.
        """
        if provider.policy.cached_for <= 0:
            return None
        key = _key(provider, language, cell)
        known = self._known.get(key)
        if known is None and not here_alone:
            known = await self._stored(key) or self._known.get(key)  # it may have been asked for meanwhile
        if known is None or known.kept_until <= self._clock():
            self._known.pop(key, None)
            return None
        self._remember(key, known)
        return known

    def fresh(self, known: Known) -> bool:
        """Whether it need not be asked for anew."""
        return self._clock() < known.fresh_until

    async def keep(self, provider: Provider, language: str, cell: str, address: str | None) -> None:
        """Remember what the geocoder said, for as long as it may be."""
        longest = provider.policy.cached_for
        if longest <= 0:
            return
        fresh = (longest if address else min(longest, NOTHING_THERE)) * random.uniform(1 - JITTER, 1)  # noqa: S311 - jitter
        kept = fresh + (longest if address else 0.0)
        now = self._clock()
        key, known = _key(provider, language, cell), Known(address, now + fresh, now + kept)
        self._remember(key, known)
        with contextlib.suppress(CacheUnavailable):  # fails open: another process asks again
            await self._store.put(key, msgspec.json.encode(known).decode(), max(1, int(kept)))

    async def _stored(self, key: str) -> Known | None:
        try:
            value = await self._store.get(key)
            return None if value is None else _decoder.decode(value)
        except (CacheUnavailable, msgspec.MsgspecError, RecursionError):
            return None  # fails open: asked again; what is no answer is not believed

    def _remember(self, key: str, known: Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _key(provider: Provider, language: str, cell: str) -> str:
    return f"geo:{provider.source}:{provider.policy.language(language)}:{cell}"
