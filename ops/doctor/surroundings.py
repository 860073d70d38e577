"""Owns what the checks are given: the settings as far as the environment holds them, the operator's words, a clock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError

from ops.doctor.findings import Unknown
from ops.reference import READERS
from ops.settings import DoctorSettings
from ops.webhook import WebhookSettings
from shared.settings import Settings, problems

SERVICES: Final = ("ingress", "checkin_worker", "geo_worker", "sender")
GROUPS: Final[tuple[type[Settings], ...]] = (*DoctorSettings.__bases__, WebhookSettings)
"""Settings that checks ask for, each by itself: the environment may hold one and lack another."""
MASK: Final = "***"

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
    lacks: Mapping[str, list[str]]
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

    def masked(self, text: str) -> str:
        """The text without any secret of the environment, whoever put it in there."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def _secrets(self) -> Iterator[str]:
        for settings in (*self.groups.values(), *self.services.values()):
            for name in type(settings).model_fields:
                if isinstance(value := getattr(settings, name), SecretStr):
                    yield from filter(None, _hidden(value.get_secret_value()))


def look_around(workers: int | None = None, geo_workers: int | None = None) -> Surroundings:
    """Read the environment."""
    groups: dict[type[Settings], Settings] = {}
    for kind in GROUPS:
        try:
            groups[kind] = kind()
        except ValidationError:
            continue  # the services' settings hold all of its variables, and say what is wrong with them
    services: dict[str, Settings] = {}
    lacks: dict[str, list[str]] = {}
    for name in SERVICES:
        kind = READERS[name]
        try:
            services[name] = kind()
        except ValidationError as problem:
            lacks[name] = problems(kind, problem)
    return Surroundings(groups, services, lacks, workers, geo_workers)


def _hidden(secret: str) -> Iterator[str]:
    """What must be seen nowhere: of addresses the passwords, of others all."""
    if "://" not in secret:
        yield secret
        return
    for url in secret.split(","):
        login = urlsplit(url).netloc.rpartition("@")[0]
        password = login.partition(":")[2]
        yield password
        yield unquote(password)
