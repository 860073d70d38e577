"""Owns what the checks are given: the settings as far as the environment holds them, the operator's words, a clock."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from ops.doctor.findings import Unknown
from ops.reference import READERS
from ops.settings import DoctorSettings
from ops.webhook import WebhookAddress
from shared.settings import Settings, WrongSettings, load

SERVICES: Final = ("ingress", "checkin_worker", "geo_worker", "sender")
GROUPS: Final[tuple[type[Settings], ...]] = (*DoctorSettings.__bases__, WebhookAddress)
"""Settings that checks ask for, each by itself: the environment may hold one and lack another."""

S = TypeVar("S", bound=Settings)


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Surroundings:
    """What is known before anything is asked.

    Attributes:
        groups: the settings that could be read, by kind.
        services: likewise, of each service.
        lacks: what is wrong with the environment of each service, a line for each variable.
        workers: how many check-in workers the pool's budget is for; None: as many as are there.
        geo_workers: likewise.
        now: this machine's clock.
    """

    groups: Mapping[type[Settings], Settings]
    services: Mapping[str, Settings]
    lacks: Mapping[str, Sequence[str]]
    workers: int | None = None
    geo_workers: int | None = None
    now: Callable[[], datetime] = field(default=utc_now)

    def of(self, kind: type[S]) -> S:
        """The settings of this kind.

        Raises:
            Unknown: they are not there, or wrong.
        """
        held = self.groups.get(kind)
        if not isinstance(held, kind):
            required = [name.upper() for name, one in kind.model_fields.items() if one.is_required()]
            raise Unknown(f"{', '.join(required)}: not set here, or wrong")
        return held

    def value(self, variable: str) -> object:
        """What a service reads of a variable that only it has; None if its environment is not here."""
        return next((getattr(one, variable) for one in self.services.values() if hasattr(one, variable)), None)


def look_around(workers: int | None = None, geo_workers: int | None = None) -> Surroundings:
    """Read the environment and the mounted secrets, as each service would."""
    groups: dict[type[Settings], Settings] = {}
    for kind in GROUPS:
        with contextlib.suppress(WrongSettings):  # the services' settings hold all of its variables, and say why
            groups[kind] = load(kind)
    services: dict[str, Settings] = {}
    lacks: dict[str, Sequence[str]] = {}
    for name in SERVICES:
        try:
            services[name] = load(READERS[name])
        except WrongSettings as wrong:
            lacks[name] = wrong.lines
    return Surroundings(groups, services, lacks, workers, geo_workers)
