"""Owns the environment: every variable that two services or more read, its type, default and hint.

A service composes its settings from the groups below and adds its own; `read` refuses a wrong environment early,
one line a problem, with exit status 2.
"""

import re
import sys
from collections.abc import Sequence
from datetime import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import masking, tls
from shared.workday import Schedule

SECRETS: Final = Path("/run/secrets")
"""Where files of the variables' names are looked for, as Kubernetes and Docker mount them."""


def _check_address(url: str, schemes: tuple[str, ...]) -> None:
    """Refuse what a client library would stumble over later, with a part of the password in its error."""
    if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        msg = f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        raise ValueError(msg)
    try:
        hosts = urlsplit(url).netloc.rpartition("@")[2].split(",")
        _ = [urlsplit(f"//{host}").port for host in hosts]
    except ValueError:
        msg = "is no address; special characters of a password must be percent-encoded"
        raise ValueError(msg) from None
    if re.search(r"[?&]statement_cache_size=(?!\d+(&|$))", url):
        msg = "must say a number after statement_cache_size=: 0 behind PgBouncer, else leave it out"
        raise ValueError(msg)
    tls.check(url)


def _url(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        _check_address(value.get_secret_value(), schemes)
        return value

    return AfterValidator(check)


def _shape(pattern: str, said: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, value.get_secret_value()):
            msg = f"must be {said}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _urls(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        for url in filter(None, map(str.strip, value.get_secret_value().split(","))):
            _check_address(url, schemes)
        return value

    return AfterValidator(check)


def _local(value: time) -> time:
    if value.tzinfo is not None:
        msg = "must be a local time such as 04:00, without a zone: that is TIMEZONE's"
        raise ValueError(msg)
    return value


@cache
def _zones() -> set[str]:
    """Those of the tz database, whose hundreds of files are looked through for them."""
    return available_timezones()


def _zone(value: str) -> str:
    if value not in _zones():
        msg = "is no zone of the tz database, such as Asia/Baku"
        raise ValueError(msg)
    return value


Port = Annotated[int, Field(ge=1, le=65535)]
AmqpUrl = Annotated[SecretStr, _url("amqp", "amqps")]
PostgresUrl = Annotated[SecretStr, _url("postgresql", "postgres")]
PostgresUrls = Annotated[SecretStr, _urls("postgresql", "postgres")]
BotToken = Annotated[SecretStr, _shape(r"\d+:[\w-]+", "digits, a colon, and letters, digits, _ or -")]
WebhookSecret = Annotated[SecretStr, _shape(r"[A-Za-z0-9_-]{1,256}", "1 to 256 of A-Z a-z 0-9 _ -")]
RedisUrl = Annotated[SecretStr, _url("redis", "rediss", "unix")]


class Settings(BaseSettings):
    """Read once from the environment (or files of the same names in /run/secrets), never changed after."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
    )


class TracingSettings(Settings):
    """Where traces go, and of how many updates. The names, and what they mean, are OpenTelemetry's."""

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="a collector that traces go to by OTLP over HTTP, e.g. `http://otel-collector:4318`; none: there "
        "are no traces",
    )
    otel_traces_sampler: Literal["parentbased_traceidratio", "parentbased_always_on", "parentbased_always_off"] = Field(
        "parentbased_traceidratio",
        description="which updates are traced; the ingress decides, and the others follow: a share, all, or none",
    )
    otel_traces_sampler_arg: float = Field(0.01, ge=0, le=1, description="the share: 0.01 is every hundredth, 1 is all")

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _can_be_spoken_to(cls, value: str | None) -> str | None:
        if value is not None and find_spec("opentelemetry") is None:
            msg = "needs packages that are not installed: install the extra `tracing`"
            raise ValueError(msg)
        return value


class ProcessSettings(TracingSettings):
    """What every service reads."""

    listen_address: str = Field("0.0.0.0", description="address that HTTP_PORT and METRICS_PORT listen on")  # noqa: S104 - a container listens on all of its own interfaces
    metrics_port: Port = Field(9100, description="`/metrics`, `/healthz` and `/readyz` of the service")
    log_format: Literal["json", "console"] = Field("json", description="`json`, or `console` for people")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level logged")


class BrokerSettings(Settings):
    """Where RabbitMQ is."""

    rabbitmq_url: AmqpUrl = Field(
        description="RabbitMQ, e.g. `amqp://user:password@host:5672/vhost`; by TLS "
        "`amqps://...?cafile=...&certfile=...&keyfile=...`"
    )


class PoolSettings(Settings):
    """How many connections to PostgreSQL a process may hold."""

    db_pool_min: int = Field(5, ge=0, description="connections a process keeps open")
    db_pool_max: int = Field(100, ge=1, validate_default=True, description="connections a process opens at most")

    @field_validator("db_pool_max")
    @classmethod
    def _holds_the_least(cls, value: int, info: ValidationInfo) -> int:
        if value < (least := info.data.get("db_pool_min", 0)):
            msg = f"must not be less than DB_POOL_MIN, which is {least}"
            raise ValueError(msg)
        return value


class DatabaseSettings(PoolSettings):
    """Where PostgreSQL is and how many connections a process may hold."""

    database_url: PostgresUrl = Field(
        description="PostgreSQL primary, e.g. `postgresql://user:password@host:5432/name`; of several hosts "
        "(`one:5432,two:5432`) the one that takes writes; behind PgBouncer with `?statement_cache_size=0`; by TLS "
        "`...?sslmode=verify-full&sslrootcert=...&sslcert=...&sslkey=...`"
    )
    database_replica_urls: PostgresUrls = Field(
        SecretStr(""), description="read replicas, comma-separated; none means that the primary serves reads"
    )

    @property
    def replica_urls(self) -> list[str]:
        """The replicas' addresses."""
        return [url for url in map(str.strip, self.database_replica_urls.get_secret_value().split(",")) if url]


class CacheSettings(Settings):
    """Where Redis is."""

    redis_url: RedisUrl = Field(
        description="Redis, e.g. `redis://host:6379/0`; losing it costs speed only; by TLS "
        "`rediss://...?ssl_ca_certs=...&ssl_certfile=...&ssl_keyfile=...`"
    )


class IntakeSettings(Settings):
    """How updates come from Telegram."""

    ingress_mode: Literal["webhook", "polling"] = Field(
        "webhook", description="`webhook`, or `polling` for a machine without a public address"
    )


class BotIdentity(Settings):
    """Which bot this is."""

    telegram_bot_token: BotToken = Field(description="the bot's token from @BotFather, `123456:ABC...`")


class TelegramSettings(BotIdentity):
    """Which bot this is, and where its Bot API answers."""

    telegram_api_url: str = Field(
        "https://api.telegram.org", pattern=r"^https?://", description="address of the Bot API"
    )


class CapSettings(Settings):
    """How many calls Telegram takes."""

    sender_rate: int = Field(30, ge=1, le=1000, description="calls to Telegram in any second, across all senders")
    sender_guard_ms: int = Field(
        25, ge=0, le=1000, description="milliseconds of jitter on the way to Telegram that the cap is proof against"
    )

    @property
    def guard(self) -> float:
        """The guard in seconds."""
        return self.sender_guard_ms / 1000


GEOCODERS: Final = ("photon", "nominatim", "google", "mapbox", "offline")


def _geocoders(value: str) -> str:
    names = [name.strip() for name in value.split(",")]
    if names != ["none"] and (set(names) - {*GEOCODERS} or len(set(names)) < len(names)):
        msg = f"must be none, or one or several of {', '.join(GEOCODERS)}, each once, with commas between them"
        raise ValueError(msg)
    return ",".join(names)


class GeocodingSwitch(Settings):
    """Whether addresses are looked up at all."""

    geocoder: Annotated[str, AfterValidator(_geocoders)] = Field(
        "offline",
        description=(
            "`photon`, `nominatim`, `google`, `mapbox`, `offline` (a table of places, no network) or `none`; "
            "of a comma-separated list the next is asked while one fails"
        ),
    )
    disable_geocoding: bool = Field(default=False, description="`true` is the same as `GEOCODER=none`")

    @property
    def geocoders(self) -> list[str]:
        """Names of the geocoders to ask, best first; none if geocoding is off."""
        return [] if self.disable_geocoding or self.geocoder == "none" else self.geocoder.split(",")

    @property
    def geocoding(self) -> bool:
        """Whether replies may expect an address."""
        return bool(self.geocoders)


class WorkdaySettings(Settings):
    """When a working day begins and ends."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field("Asia/Baku", description="zone of the working day")
    workday_boundary: Annotated[time, AfterValidator(_local)] = Field(
        time(4, 0), description="local time at which one working day ends"
    )
    checkin_deadline: Annotated[time, AfterValidator(_local)] = Field(
        time(11, 0), description="local time after which people without a schedule of their own are late"
    )
    workday_end: Annotated[time, AfterValidator(_local)] = Field(
        time(18, 0), description="local time at which the work of people without a schedule of their own ends"
    )
    double_tap_seconds: int = Field(
        60, ge=0, le=3600, description="a location this soon after the last one repeats the answer"
    )

    @property
    def zone(self) -> ZoneInfo:
        """The zone as an object."""
        return ZoneInfo(self.timezone)

    @property
    def schedule(self) -> Schedule:
        """The schedule of people who have none of their own."""
        return Schedule("default", self.checkin_deadline, self.workday_end)

    @field_validator("workday_end")
    @classmethod
    def _has_a_length(cls, value: time, info: ValidationInfo) -> time:
        if value == info.data.get("checkin_deadline"):
            msg = "must not be CHECKIN_DEADLINE: the work would have no length"
            raise ValueError(msg)
        return value


class ConsentSettings(Settings):
    """Whether people must have agreed."""

    consent: Literal["required", "off"] = Field(
        "required",
        description="`required`: nothing is recorded before a person has agreed; `off`: the company has it on paper",
    )


class RetentionSettings(Settings):
    """How long it is known where exactly somebody was."""

    location_retention_days: int = Field(
        90, ge=1, description="days after which `fleet retain` makes locations coarse; people are told so"
    )


S = TypeVar("S", bound=BaseSettings)


class WrongSettings(Exception):
    """The environment is not what the settings ask for; `lines` says it, a line for each problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def load(kind: type[S]) -> S:
    """The settings, from the environment and the files in SECRETS.

    What was read as a secret is struck out of all that the process says from then on.

    Raises:
        WrongSettings: something lacks, is wrong, or cannot be read.
    """
    if lines := unreadable(kind, SECRETS):
        raise WrongSettings(lines)
    try:
        settings = kind(_secrets_dir=SECRETS if SECRETS.is_dir() else None)
    except ValidationError as problem:
        raise WrongSettings(problems(kind, problem)) from None  # the cause would quote what was refused
    masking.keep(settings)
    return settings


def read(kind: type[S]) -> S:
    """Do as `load` does; where the settings are wrong end the process with status 2 and a line for each problem."""
    try:
        return load(kind)
    except WrongSettings as wrong:
        for line in wrong.lines:
            sys.stderr.write(f"{line}\n")
        sys.exit(2)


def unreadable(kind: type[BaseSettings], folder: Path) -> list[str]:
    """Say each file of a variable's name that cannot be read, in one line."""
    lines = []
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.name.lower() in kind.model_fields:
            try:
                file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                reason = problem.strerror if isinstance(problem, OSError) else "it is not text in UTF-8"
                lines.append(f"{file.name.upper()}: {file} cannot be read: {reason}")
    return lines


def problems(kind: type[BaseSettings], error: ValidationError) -> list[str]:
    """Say each problem of the environment in one line: the variable, what is wrong, what it should be.

    The refused value is left out: it may be a secret.
    """
    lines = []
    for detail in error.errors(include_url=False, include_input=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        field = kind.model_fields.get(name)
        said = "missing" if detail["type"] == "missing" else detail["msg"].removeprefix("Value error, ")
        hint = f" ({field.description})" if field and field.description else ""
        lines.append(f"{name.upper()}: {said}{hint}" if name else said)
    return lines
