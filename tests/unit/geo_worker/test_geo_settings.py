import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from geo_worker.choice import NO_CHOICE
from geo_worker.providers import Providers
from geo_worker.settings import GeoSettings
from shared.contracts import GeocoderChoice
from shared.settings import read

if TYPE_CHECKING:
    from geo_worker.provider import Provider

NEEDED = {
    "RABBITMQ_URL": "amqp://guest:guest@localhost:5672/",
    "DATABASE_URL": "postgresql://fleet:secret@localhost:5432/fleet",
    "REDIS_URL": "redis://localhost:6379/0",
}
NAMES = (
    "GEOCODER",
    "GEOCODER_URL",
    "GEOCODER_CONTACT",
    "GEOCODER_RATE",
    "GEOCODER_TIMEOUT",
    "DISABLE_GEOCODING",
    "GEOCODER_API_KEY",
)


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
        ({"GEOCODER": "offline,"}, "GEOCODER"),
        ({"GEOCODER": "offline,offline"}, "GEOCODER"),
        ({"GEOCODER": "none,offline"}, "GEOCODER"),
        ({"GEOCODER": "offline,photon"}, "GEOCODER_URL"),
        ({"GEOCODER": "offline,photon", "GEOCODER_URL": "http://photon:2322/reverse"}, "GEOCODER_URL"),
        ({"GEOCODER": "offline,nominatim"}, "GEOCODER_CONTACT"),
        ({"GEOCODER": "nominatim", "GEOCODER_URL": "https://nominatim.openstreetmap.org/reverse"}, "GEOCODER_CONTACT"),
        ({"GEOCODER": "nominatim", "GEOCODER_CONTACT": "it@example.az", "GEOCODER_RATE": "2"}, "GEOCODER_RATE"),
        ({"GEOCODER": "google"}, "GEOCODER_API_KEY"),
        ({"GEOCODER": "mapbox", "GEOCODER_API_KEY": "a-key", "GEOCODER_URL": "http://mapbox/reverse"}, "GEOCODER_URL"),
        ({"GEOCODER": "mapbox"}, "GEOCODER_API_KEY"),
        ({"GEOCODER": "google,mapbox", "GEOCODER_API_KEY": "a-key"}, "GEOCODER"),
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


class Held:
    """A right that is always ours."""

    held, held_for = True, 100.0


@contextlib.asynccontextmanager
async def providers() -> AsyncIterator[tuple[Providers, list[list[str]]]]:
    """The geocoders of this environment, and the names of those that were put to use."""
    used: list[list[str]] = []
    made = Providers(read(GeoSettings), Held(), lambda some: used.append([one.name for one in some]))
    async with contextlib.aclosing(made):
        yield made, used


PHOTON = {"GEOCODER": "photon", "GEOCODER_URL": "http://photon:2322/reverse"}
CONTACT = {"GEOCODER_CONTACT": "it@example.az"}
KEY = {"GEOCODER_API_KEY": "a-key"}


@pytest.mark.parametrize(
    ("set_to", "names"),
    [
        ({}, ["offline"]),
        ({"GEOCODER": "none"}, []),
        ({"DISABLE_GEOCODING": "true"}, []),
        (PHOTON, ["photon"]),
        ({"GEOCODER": "nominatim"} | CONTACT, ["nominatim"]),
        ({"GEOCODER": "nominatim", "GEOCODER_URL": "http://nominatim.example.az/reverse"}, ["nominatim"]),
        ({"GEOCODER": "nominatim", "DISABLE_GEOCODING": "true"} | CONTACT, []),
        (PHOTON | CONTACT | {"GEOCODER": "photon, nominatim,offline"}, ["photon", "nominatim", "offline"]),
        ({"GEOCODER": "google,offline"} | KEY, ["google", "offline"]),
        ({"GEOCODER": "mapbox"} | KEY, ["mapbox"]),
    ],
)
async def test_the_geocoders_are_those_that_the_settings_name_in_that_order(
    environment: pytest.MonkeyPatch, set_to: dict[str, str], names: list[str]
) -> None:
    for name, value in set_to.items():
        environment.setenv(name, value)
    async with providers() as (made, used):
        made.heed(NO_CHOICE)
    assert used == [names]


async def test_url_and_rate_are_the_firsts(environment: pytest.MonkeyPatch) -> None:
    for name, value in (PHOTON | CONTACT | {"GEOCODER": "photon,nominatim", "GEOCODER_RATE": "12.5"}).items():
        environment.setenv(name, value)
    settings = read(GeoSettings)
    assert (settings.url("photon"), settings.url("nominatim")) == ("http://photon:2322/reverse", None)
    assert (settings.rate("photon"), settings.rate("nominatim")) == (12.5, None)
    assert settings.url("nominatim", "http://mine/reverse") == "http://mine/reverse"


@pytest.mark.usefixtures("environment")
async def test_an_operator_chooses_among_those_that_have_what_they_need() -> None:
    async with providers() as (made, used):
        made.heed(NO_CHOICE)
        made.heed(GeocoderChoice(names=["nominatim"], given_at=1.0))
        assert made.problem.startswith("GEOCODER_CONTACT: missing")
        made.heed(GeocoderChoice(names=["photon", "offline"], url="http://photon:2322/reverse", given_at=2.0))
        assert made.problem == ""
        made.heed(GeocoderChoice(names=["unheard of"], given_at=3.0))
        assert "unheard of" in made.problem
        made.heed(NO_CHOICE)
        assert made.problem == ""
    assert used == [["offline"], ["photon", "offline"], ["offline"]]


async def test_switching_to_and_fro_keeps_a_geocoder_and_with_it_its_pace(environment: pytest.MonkeyPatch) -> None:
    for name, value in ({"GEOCODER": "nominatim"} | CONTACT).items():
        environment.setenv(name, value)
    seen: list[object] = []
    made = Providers(read(GeoSettings), Held(), seen.extend)
    async with contextlib.aclosing(made):
        made.heed(NO_CHOICE)
        made.heed(GeocoderChoice(names=["offline"], given_at=1.0))
        made.heed(NO_CHOICE)
    assert seen[0] is seen[2]


@pytest.mark.parametrize(
    "url",
    [
        "https://nominatim.openstreetmap.org/reverse",
        "http://Nominatim.OpenStreetMap.org./reverse?",
        "https://nominatim.openstreetmap.org:443/reverse",
    ],
)
async def test_one_server_has_one_pace_however_its_address_is_written(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    for name, value in ({"GEOCODER": "nominatim"} | CONTACT).items():
        environment.setenv(name, value)
    seen: list[Provider] = []
    made = Providers(read(GeoSettings), Held(), seen.extend)
    async with contextlib.aclosing(made):
        made.heed(NO_CHOICE)
        made.heed(GeocoderChoice(names=["nominatim"], url=url, given_at=1.0))
        made.heed(GeocoderChoice(names=["nominatim"], url="http://mine/reverse", given_at=2.0))
    assert seen[0].pace is seen[1].pace
    assert seen[0].source == seen[1].source == "nominatim"
    assert seen[2].pace is not seen[0].pace
    assert seen[2].source == "nominatim@mine"


async def test_a_key_is_shown_to_nobody_but_whose_it_is(environment: pytest.MonkeyPatch) -> None:
    for name, value in ({"GEOCODER": "google"} | KEY).items():
        environment.setenv(name, value)
    async with providers() as (made, used):
        made.heed(GeocoderChoice(names=["mapbox"], given_at=1.0))
        assert made.problem.startswith("GEOCODER_API_KEY: is not mapbox's")
        made.heed(GeocoderChoice(names=["none"], given_at=2.0))
    assert used == [[]]


async def test_a_key_is_never_shown(environment: pytest.MonkeyPatch) -> None:
    for name, value in ({"GEOCODER": "google"} | KEY).items():
        environment.setenv(name, value)
    async with providers() as (made, _):
        made.heed(NO_CHOICE)
    assert "a-key" not in repr(read(GeoSettings))
