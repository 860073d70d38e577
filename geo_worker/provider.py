"""Owns one geocoder in use: its pace, its circuit, and what is counted and logged of it."""

import asyncio
import time
from typing import Final

import structlog

from geo_worker.circuit import CircuitBreaker
from geo_worker.geocoders import Geocoder, GeocoderFailed
from geo_worker.metrics import CIRCUIT_OPEN, GEOCODER_REQUESTS, GEOCODER_SECONDS
from geo_worker.pace import NotOurTurn, Pace, Right

log = structlog.get_logger()

_CLOSED: Final = "closed"


class Provider:
    """A geocoder, asked at its pace and left alone while it fails.

    Attributes:
        geocoder: itself.
        circuit: whether it may be asked.
        answers: how often it has answered.
        places: one for each request that it takes at once.
        backfills_from: when it may be asked again for an address that nobody waits for, by time.monotonic().
    """

    def __init__(self, geocoder: Geocoder, right: Right) -> None:
        self.geocoder = geocoder
        self.circuit = CircuitBreaker()
        self.answers = 0
        self.places = asyncio.Semaphore(geocoder.policy.parallel)
        self.backfills_from = 0.0
        self._pace = Pace(geocoder.policy, right)
        CIRCUIT_OPEN.labels(self.name).set(0)

    @property
    def name(self) -> str:
        """The geocoder's."""
        return self.geocoder.name

    async def ready(self) -> None:
        """Return when a request would go out at once.

        Raises:
            NotOurTurn: none may.
        """
        await self._pace.ready()

    def backfills(self) -> None:
        """It is asked for an address that nobody waits for."""
        if rate := self.geocoder.policy.backfill_rate:
            self.backfills_from = time.monotonic() + 1 / rate

    async def ask(self, latitude: float, longitude: float, language: str) -> str | None:
        """The address of a point; None where there is none.

        Raises:
            GeocoderFailed: it failed; the circuit knows.
            NotOurTurn: it was not asked.
        """
        written_at: float | None = None

        async def gate() -> None:
            nonlocal written_at
            await self._pace.gate()
            written_at = time.monotonic()

        outcome, probe = "given up", self.circuit.asked()
        in_language = self.geocoder.policy.language(language)
        try:
            address = await self.geocoder.reverse(latitude, longitude, in_language, gate)
        except GeocoderFailed as problem:
            outcome = "failed"
            self._failed(problem, probe=probe)
            raise
        except NotOurTurn:
            outcome = "fenced"
            raise
        else:
            outcome = "address" if address else "nothing there"
            self._answered()
            return address
        finally:
            if probe:
                self.circuit.let_be()
            self._pace.ended()
            GEOCODER_REQUESTS.labels(self.name, outcome).inc()
            if written_at is not None:
                GEOCODER_SECONDS.labels(self.name).observe(time.monotonic() - written_at)

    def _answered(self) -> None:
        self.answers += 1
        if self.circuit.state != _CLOSED:
            log.info("circuit_closed", geocoder=self.name)
        self.circuit.succeeded()
        CIRCUIT_OPEN.labels(self.name).set(0)

    def _failed(self, problem: GeocoderFailed, *, probe: bool) -> None:
        now = time.monotonic()
        self.circuit.failed(now, problem.retry_after, probe=probe)
        if (tries_at := self.circuit.tries_at()) is not None:
            log.warning("circuit_open", geocoder=self.name, reason=str(problem), seconds=round(tries_at - now, 1))
            CIRCUIT_OPEN.labels(self.name).set(1)
        else:
            log.info("geocoder_failed", geocoder=self.name, reason=str(problem))
