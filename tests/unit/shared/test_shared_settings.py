"""A wrong environment is refused early: one line a problem, all at once, and no value in any."""

import os

import pytest
from pydantic import SecretStr

from ingress.settings import IngressSettings
from ops.webhook import WebhookSettings
from shared.settings import (
    BrokerSettings,
    CacheSettings,
    DatabaseSettings,
    GeocodingSwitch,
    ProcessSettings,
    TelegramSettings,
    WorkdaySettings,
    read,
)


class Everything(
    ProcessSettings,
    BrokerSettings,
    DatabaseSettings,
    CacheSettings,
    TelegramSettings,
    GeocodingSwitch,
    WorkdaySettings,
):
    """Every group of `shared.settings`, as the largest service could compose them."""


RIGHT = {
    "RABBITMQ_URL": "amqp://fleet:hunter2@rabbit:5672/",
    "DATABASE_URL": "postgresql://fleet:hunter2@db:5432/fleet",
    "REDIS_URL": "redis://:hunter2@redis:6379/0",
    "TELEGRAM_BOT_TOKEN": "42:hunter2",
}
REFUSED = "hunter2-wrong"
"""In every wrong value below; it must not be seen again."""

WRONG = {
    "METRICS_PORT": [REFUSED, "0", "65536", "-1", "80.5"],
    "LOG_FORMAT": [REFUSED, "JSON"],
    "LOG_LEVEL": [REFUSED, "info"],
    "RABBITMQ_URL": [REFUSED, f"http://u:{REFUSED}@host", f"amqp:/{REFUSED}", f"amqp://u:{REFUSED}/?@host:5672/"],
    "DATABASE_URL": [REFUSED, f"mysql://u:{REFUSED}@host/db", f"postgresql+asyncpg://u:{REFUSED}@host/db"]
    + [f"postgresql://u:{REFUSED}{special}@host:5432/db" for special in "/?#["]
    + [f"postgresql://u:{REFUSED}@host:port/db", f"postgresql://u:{REFUSED}@host/db?statement_cache_size=off"],
    "DATABASE_REPLICA_URLS": [REFUSED, f"postgresql://a/b, mysql://u:{REFUSED}@host/db"],
    "DB_POOL_MIN": [REFUSED, "-1"],
    "DB_POOL_MAX": [REFUSED, "0", "4"],
    "REDIS_URL": [REFUSED, f"http://:{REFUSED}@host"],
    "TELEGRAM_BOT_TOKEN": [REFUSED, f"42:{REFUSED}/../x", f"42:{REFUSED}\n", f" 42:{REFUSED}"],
    "TELEGRAM_API_URL": [REFUSED, f"ftp://{REFUSED}"],
    "GEOCODER": [REFUSED],
    "DISABLE_GEOCODING": [REFUSED, "maybe"],
    "TIMEZONE": [REFUSED, "Baku", "../etc/passwd"],
    "WORKDAY_BOUNDARY": [REFUSED, "25:00", "04:60"],
    "DOUBLE_TAP_SECONDS": [REFUSED, "-1", "3601"],
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal(kind: type[ProcessSettings] | type[TelegramSettings], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines with which the settings are refused."""
    with pytest.raises(SystemExit) as end:
        read(kind)
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()


@pytest.mark.usefixtures("environ")
def test_a_right_environment_is_read() -> None:
    settings = read(Everything)
    assert settings.telegram_bot_token.get_secret_value() == "42:hunter2"
    assert (settings.db_pool_min, settings.db_pool_max, settings.metrics_port) == (5, 100, 9100)


@pytest.mark.usefixtures("environ")
def test_settings_show_no_secret_and_cannot_be_changed() -> None:
    settings = read(Everything)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.redis_url = SecretStr("redis://elsewhere")  # type: ignore[misc]  # that it is forbidden is the claim


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_variable_is_one_line_that_names_it_hints_and_keeps_the_value_to_itself(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environ.setenv(name, value)
    (line,) = refusal(Everything, capsys)
    assert line.startswith(f"{name}: ")
    assert line.endswith(")")
    assert REFUSED not in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u:p%2Fw@one:5432,two:5433/db?target_session_attrs=read-write"),
        ("DATABASE_URL", "postgres:///db?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://u:p@[::1]:5432/db"),
        ("DATABASE_URL", "postgresql://u:p@pgbouncer:6432/db?statement_cache_size=0&application_name=fleet"),
        ("RABBITMQ_URL", "amqps://u:p@host/%2Fvhost"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("REDIS_URL", "rediss://host"),
    ],
)
def test_an_address_that_the_client_takes_is_taken(environ: pytest.MonkeyPatch, name: str, value: str) -> None:
    environ.setenv(name, value)
    assert getattr(read(Everything), name.lower()).get_secret_value() == value


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", RIGHT)
def test_a_missing_or_empty_variable_is_one_line_that_names_it_and_hints(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None
) -> None:
    environ.delenv(name)
    if value is not None:
        environ.setenv(name, value)
    (line,) = refusal(Everything, capsys)
    assert line.startswith(f"{name}: missing (")


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, values in WRONG.items():
        monkeypatch.setenv(name, values[0])
    named = [line.partition(":")[0] for line in refusal(Everything, capsys)]
    assert sorted(named) == sorted(WRONG)


@pytest.mark.parametrize(
    ("mode", "needed"), [("webhook", "TELEGRAM_WEBHOOK_SECRET"), ("polling", "TELEGRAM_BOT_TOKEN")]
)
def test_the_ingress_names_what_its_mode_needs_together_with_its_other_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str, needed: str
) -> None:
    monkeypatch.setenv("INGRESS_MODE", mode)
    lines = refusal(IngressSettings, capsys)
    assert [line.partition(":")[0] for line in lines] == ["RABBITMQ_URL", needed]
    assert all("missing" in line for line in lines)


@pytest.mark.parametrize("name", ["TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_WEBHOOK_SECRET_PREVIOUS"])
@pytest.mark.parametrize("value", [f"{REFUSED} with a space", REFUSED * 20, f"{REFUSED}ə", f"{REFUSED}\n"])
def test_a_secret_that_telegram_would_refuse_is_refused_here(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environ.setenv("TELEGRAM_WEBHOOK_SECRET", "right")
    environ.setenv(name, value)
    (line,) = refusal(IngressSettings, capsys)
    assert line.startswith(f"{name}: must be 1 to 256 of A-Z a-z 0-9 _ -")
    assert REFUSED not in line


def test_both_secrets_are_taken_while_one_replaces_the_other(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("TELEGRAM_WEBHOOK_SECRET", "new")
    environ.setenv("TELEGRAM_WEBHOOK_SECRET_PREVIOUS", "old")
    assert read(IngressSettings).secrets == [b"new", b"old"]
    environ.delenv("TELEGRAM_WEBHOOK_SECRET_PREVIOUS")
    assert read(IngressSettings).secrets == [b"new"]


def test_setting_a_webhook_needs_its_address_and_secret(capsys: pytest.CaptureFixture[str]) -> None:
    named = [line.partition(":")[0] for line in refusal(WebhookSettings, capsys)]
    assert named == ["TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET"]


@pytest.mark.parametrize(
    ("geocoder", "disabled", "expected"),
    [
        (None, None, True),
        (None, "true", False),
        ("photon", "1", False),
        ("photon", "false", True),
        ("none", None, False),
    ],
)
def test_disable_geocoding_is_the_same_as_no_geocoder(
    monkeypatch: pytest.MonkeyPatch, geocoder: str | None, disabled: str | None, *, expected: bool
) -> None:
    for name, value in (("GEOCODER", geocoder), ("DISABLE_GEOCODING", disabled)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert read(GeocodingSwitch).geocoding is expected


def test_replicas_are_as_many_as_are_named(environ: pytest.MonkeyPatch) -> None:
    assert read(DatabaseSettings).replica_urls == []
    environ.setenv("DATABASE_REPLICA_URLS", " postgresql://a/x ,,postgres://b/x,")
    assert read(DatabaseSettings).replica_urls == ["postgresql://a/x", "postgres://b/x"]
