import contextlib

import pytest

from geo_worker.app import geocoder
from geo_worker.settings import GeoSettings
from shared.settings import read

NEEDED = {
    "RABBITMQ_URL": "amqp://guest:guest@localhost:5672/",
    "DATABASE_URL": "postgresql://fleet:secret@localhost:5432/fleet",
    "REDIS_URL": "redis://localhost:6379/0",
}
NAMES = ("GEOCODER", "GEOCODER_URL", "GEOCODER_CONTACT", "GEOCODER_RATE", "GEOCODER_TIMEOUT", "DISABLE_GEOCODING")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nothing is missing."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refused(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines with which the settings are refused."""
    with pytest.raises(SystemExit) as end:
        read(GeoSettings)
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("set_to", "named"),
    [
        ({"GEOCODER": "nominatim"}, "GEOCODER_CONTACT"),
        ({"GEOCODER": "nominatim", "GEOCODER_CONTACT": ""}, "GEOCODER_CONTACT"),
        ({"GEOCODER": "nominatim", "GEOCODER_CONTACT": "no address"}, "GEOCODER_CONTACT"),
        ({"GEOCODER": "photon"}, "GEOCODER_URL"),
        ({"GEOCODER": "photon", "GEOCODER_URL": "photon:2322"}, "GEOCODER_URL"),
        ({"GEOCODER": "guess"}, "GEOCODER"),
        ({"GEOCODER_RATE": "0"}, "GEOCODER_RATE"),
        ({"GEOCODER_RATE": "-1"}, "GEOCODER_RATE"),
        ({"GEOCODER_RATE": "nan"}, "GEOCODER_RATE"),
        ({"GEOCODER_TIMEOUT": "0"}, "GEOCODER_TIMEOUT"),
        ({"DISABLE_GEOCODING": "perhaps"}, "DISABLE_GEOCODING"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL"),
    ],
)
def test_what_is_wrong_or_missing_is_named_in_one_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], set_to: dict[str, str], named: str
) -> None:
    for name, value in set_to.items():
        environment.setenv(name, value)
    (line,) = refused(capsys)
    assert line.startswith(f"{named}: ")


def test_all_problems_are_told_at_once(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment.setenv("GEOCODER_RATE", "fast")
    environment.delenv("REDIS_URL")
    environment.delenv("DATABASE_URL")
    assert [line.partition(":")[0] for line in sorted(refused(capsys))] == [
        "DATABASE_URL",
        "GEOCODER_RATE",
        "REDIS_URL",
    ]


@pytest.mark.parametrize(
    ("set_to", "kind"),
    [
        ({}, "offline"),
        ({"GEOCODER": "offline"}, "offline"),
        ({"GEOCODER": "none"}, None),
        ({"DISABLE_GEOCODING": "true"}, None),
        ({"GEOCODER": "photon", "GEOCODER_URL": "http://photon:2322/reverse"}, "photon"),
        ({"GEOCODER": "nominatim", "GEOCODER_CONTACT": "it@example.az"}, "nominatim"),
        ({"GEOCODER": "nominatim", "GEOCODER_CONTACT": "it@example.az", "DISABLE_GEOCODING": "true"}, None),
    ],
)
async def test_the_geocoder_is_the_one_that_the_settings_name(
    environment: pytest.MonkeyPatch, set_to: dict[str, str], kind: str | None
) -> None:
    for name, value in set_to.items():
        environment.setenv(name, value)
    made = geocoder(read(GeoSettings))
    assert (made and made.name) == kind
    if made is not None:
        async with contextlib.aclosing(made):
            pass


async def test_nominatim_is_asked_once_a_second_unless_told_otherwise(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GEOCODER", "nominatim")
    environment.setenv("GEOCODER_CONTACT", "it@example.az")
    rates = []
    for rate in ("", "12.5"):
        environment.setenv("GEOCODER_RATE", rate)
        made = geocoder(read(GeoSettings))
        assert made is not None
        async with contextlib.aclosing(made):
            rates.append((made.policy.rate, made.policy.parallel))
    assert rates == [(1.0, 1), (12.5, 1)]
