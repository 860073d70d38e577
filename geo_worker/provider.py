"""Owns one geocoder in use: its pace, its circuit, and what is counted and logged of it."""

import time
import traceback
from typing import Final

import structlog

from geo_worker.circuit import CircuitBreaker
from geo_worker.geocoders import Geocoder, GeocoderFailed, Policy
from geo_worker.metrics import CIRCUIT_OPEN, GEOCODER_REQUESTS, GEOCODER_SECONDS
from geo_worker.pace import NotOurTurn, Pace

log = structlog.get_logger()

_CLOSED: Final = "closed"


class Provider:
    """A geocoder, asked at its pace and left alone while it fails.

    Args:
        geocoder: itself.
        pace: of its server.
        source: names its server; what another one says is another thing.

    Attributes:
        circuit: whether it may be asked.
        answers: how often it has answered.
        backfills_from: when it may be asked again for an address that nobody waits for, by time.monotonic().
    """

    def __init__(self, geocoder: Geocoder, pace: Pace, source: str | None = None) -> None:
        self.geocoder = geocoder
        self.pace = pace
        self.source = source or geocoder.name
        self.circuit = CircuitBreaker()
        self.answers = 0
        self.backfills_from = 0.0
        self._in_use = False

    @property
    def name(self) -> str:
        """The geocoder's."""
        return self.geocoder.name

    @property
    def policy(self) -> Policy:
        """The geocoder's."""
        return self.geocoder.policy

    def show(self, *, in_use: bool) -> None:
        """Let the gauge tell of the circuit; of a geocoder that is not in use there is nothing to tell."""
        self._in_use = in_use
        self._show()

    def backfills(self) -> None:
        """It is asked for an address that nobody waits for."""
        if rate := self.policy.backfill_rate:
            self.backfills_from = time.monotonic() + 1 / rate

    async def ask(self, latitude: float, longitude: float, language: str) -> str | None:
        """The address of a point; None where there is none.

        Raises:
            GeocoderFailed: it failed; the circuit knows.
            NotOurTurn: it was not asked.
        """
        written_at: float | None = None
        asked_at = time.monotonic()

        async def gate() -> None:
            nonlocal written_at
            await self.pace.gate(again=written_at is not None)
            written_at = time.monotonic()

        outcome, probe = "given up", self.circuit.asked()
        in_language = self.policy.language(language)
        try:
            address = await self.geocoder.reverse(latitude, longitude, in_language, gate)
        except GeocoderFailed as problem:
            outcome = "failed"
            self._failed(problem, probe=probe)
            raise
        except NotOurTurn:
            outcome = "fenced"
            raise
        except Exception as problem:  # noqa: BLE001 - a defect in one must not end the work of all
            outcome, kind = "failed", type(problem).__name__
            frame = traceback.extract_tb(problem.__traceback__)[-1]
            # Its text may quote the address that was asked, and with it a key.
            log.error("geocoder_broken", geocoder=self.name, error=kind, where=f"{frame.name}:{frame.lineno}")  # noqa: TRY400 - see above
            failure = GeocoderFailed(f"a defect of ours: {kind}")
            self._failed(failure, probe=probe)
            raise failure from None
        else:
            outcome = "address" if address else "nothing there"
            written_at = asked_at if written_at is None else written_at  # the offline one writes nothing
            self._answered()
            return address
        finally:
            if probe:
                self.circuit.let_be()
            self.pace.ended()
            GEOCODER_REQUESTS.labels(self.name, outcome).inc()
            if written_at is not None:
                GEOCODER_SECONDS.labels(self.name).observe(time.monotonic() - written_at)

    def _show(self) -> None:
        CIRCUIT_OPEN.labels(self.name).set(self._in_use and self.circuit.state != _CLOSED)

    def _answered(self) -> None:
        self.answers += 1
        if self.circuit.state != _CLOSED:
            log.info("circuit_closed", geocoder=self.name)
        self.circuit.succeeded()
        self._show()

    def _failed(self, problem: GeocoderFailed, *, probe: bool) -> None:
        now = time.monotonic()
        self.circuit.failed(now, problem.retry_after, probe=probe)
        if (tries_at := self.circuit.tries_at()) is not None:
            log.warning("circuit_open", geocoder=self.name, reason=str(problem), seconds=round(tries_at - now, 1))
            self._show()
        else:
            log.info("geocoder_failed", geocoder=self.name, reason=str(problem))
