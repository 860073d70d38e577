"""What operators say of geocoders, and what they are told of a backfill."""

import io

import pytest
from rich.console import Console

from ops import bar, geocode_words
from ops.geo import chosen
from ops.geocode import Filled, Seen, check
from ops.geocode_words import BackfillBar, counted, ended
from ops.orders import Depth
from ops.places import Count
from ops.terminal import Refused
from shared.contracts import Circuit, GeoStatus
from shared.settings import GEOCODERS

URL = "https://photon.example:8443/reverse"


@pytest.mark.parametrize("name", GEOCODERS)
def test_each_geocoder_can_be_chosen(name: str) -> None:
    assert chosen(name, None, 5.0).names == [name]


def test_several_are_chosen_in_the_order_in_which_they_are_said_and_default_is_none() -> None:
    choice = chosen("photon, offline", URL, 5.0)
    assert (choice.names, choice.url, choice.given_at) == (["photon", "offline"], URL, 5.0)
    assert chosen("default", None, 5.0).names == []


@pytest.mark.parametrize(
    ("words", "url", "said"),
    [
        ("Photon", None, "no geocoder 'Photon'"),
        ("photon,", None, "no geocoder ''"),
        ("photon,default", None, "no geocoder 'default'"),
        ("none,photon", None, "no geocoder 'none'"),
        ("photon,offline,photon", None, "photon stands there twice"),
        ("default", URL, "named first"),
        ("offline,photon", URL, "has no address"),
        ("photon", "ftp://photon/reverse", "http://"),
        ("photon", "photon:2322/reverse", "http://"),
        ("photon", "http://", "http://"),
        ("photon", "http://[photon", "http://"),
        ("photon", "http://photon:99999", "http://"),
    ],
)
def test_what_cannot_be_chosen_is_refused(words: str, url: str | None, said: str) -> None:
    with pytest.raises(Refused, match=said):
        chosen(words, url, 5.0)


def test_all_that_is_wrong_with_a_choice_is_told_at_once() -> None:
    with pytest.raises(Refused) as refusal:
        chosen("here,photon,there,photon", "photon", 5.0)
    assert len(refusal.value.problems) == 4


def status(*names: str) -> GeoStatus:
    circuits: dict[str, Circuit] = dict.fromkeys(names, "closed")
    unstored = [name for name in names if name in {"google", "mapbox"}]
    return GeoStatus(at=0.0, circuits=circuits, unstored=unstored)


@pytest.mark.parametrize(
    ("names", "said"),
    [(("google",), "google is in use"), (("mapbox", "google"), "mapbox is in use"), ((), "geocoding is off")],
)
def test_where_no_address_would_be_stored_none_is_asked_for(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(Refused, match=f"{said}.*`fleet geo use photon`"):
        check(status(*names))


@pytest.mark.parametrize("names", [("photon",), ("google", "photon"), ("offline",)])
def test_where_one_would_be_stored_or_nothing_is_known_it_goes_on(names: tuple[str, ...]) -> None:
    check(status(*names))
    check(None)


def test_the_end_of_a_backfill_says_what_there_is_and_what_can_be_done() -> None:
    assert counted(Count(1500, 1000)) == "1,500 places of 1,000 sessions have no address"
    assert ended(Filled(Count(0, 0), Count(0, 0))) == "every place of these days that can have an address has one"
    assert ended(Filled(Count(1500, 1000), Count(0, 0))) == "1,500 of 1,500 places have an address now"
    said = ended(Filled(Count(1500, 1000), Count(300, 200)))
    assert said.startswith("1,200 of 1,500 places have an address now; 300 have none, or could not be looked up")
    assert "`fleet geo show`" in said


SEEN = Seen(1500, 600, 40, Depth(550, 1, 10))
TOLD = "600 of 1,500 places asked for"
LEFT = "550 wait and 10 to be tried again"


def test_where_there_is_no_terminal_a_line_is_said_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with BackfillBar() as told:
        told.see(SEEN)
        told.see(Seen(1500, 700, 90, Depth(600, 1)))
        monkeypatch.setattr(geocode_words, "LINES", 0.0)
        told.see(Seen(1500, 700, 95, Depth(600, 1)))
        told.see(Seen(1500, 700, 95, Depth(600, 1)))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{TOLD}, 40 addressed, {LEFT}", "700 of 1,500 places asked for, 95 addressed, 600 wait"]


def test_on_a_terminal_a_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(bar, "OUT", terminal)
    monkeypatch.setattr(geocode_words, "OUT", terminal)
    with BackfillBar() as told:
        told.see(SEEN)
    assert f"40/1500 {TOLD}, {LEFT}" in written.getvalue()


def test_that_nobody_takes_from_the_queue_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with BackfillBar() as told:
        for _ in range(3 * bar.STILL):
            told.see(Seen(1500, 600, 0, Depth(600, 0)))
    assert capsys.readouterr().out.count("nobody takes from geo.backfill") == 1
