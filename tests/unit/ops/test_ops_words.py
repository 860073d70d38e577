"""What operators write: places, names, days of the week; and what goes to a spreadsheet."""

import csv
from datetime import time

import pytest

from ops.offices import Office
from ops.schedules import Draft, day_names, weekdays
from ops.terminal import Refused, harmless, write_csv

DRAFT = Draft("night", time(22), time(6), 10, [1], "AZ", None)


@pytest.mark.parametrize(
    ("words", "days"),
    {
        "mon-fri": [1, 2, 3, 4, 5],
        "1-5": [1, 2, 3, 4, 5],
        "sun-thu": [1, 2, 3, 4, 7],
        "1,3,5": [1, 3, 5],
        "Mon, WED": [1, 3],
        "sat": [6],
        "mon-sun": [1, 2, 3, 4, 5, 6, 7],
        "tue-mon": [1, 2, 3, 4, 5, 6, 7],
        "mon,mon": [1],
    }.items(),
)
def test_weekdays_are_read(words: str, days: list[int]) -> None:
    assert weekdays(words) == days
    assert weekdays(day_names(days)) == days


@pytest.mark.parametrize("words", ["", "0", "8", "monday-friday", "mon-", "mon;tue", "1-9", "-", ",", "¹"])
def test_what_are_no_weekdays_is_refused(words: str) -> None:
    with pytest.raises(Refused, match="--weekdays"):
        weekdays(words)


@pytest.mark.parametrize(
    ("at", "place"),
    {"40.3717,49.8505": (40.3717, 49.8505), " -33 , -70.5 ": (-33.0, -70.5), "90,180": (90.0, 180.0)}.items(),
)
def test_a_place_is_read(at: str, place: tuple[float, float]) -> None:
    office = Office.read("Baş ofis", at, 150, "Asia/Baku", None)
    assert (office.latitude, office.longitude) == place


@pytest.mark.parametrize(
    "at", ["", "40.3717", "91,0", "0,181", "40,3717,49,8505", "nan,nan", "1e1,2", "\uff14\uff10,\uff14\uff19"]
)
def test_what_is_no_place_is_refused(at: str) -> None:
    with pytest.raises(Refused, match=r"--at .* must be latitude,longitude"):
        Office.read("Baş ofis", at, 150, "Asia/Baku", None)


def test_all_that_is_wrong_with_an_office_is_told_at_once() -> None:
    with pytest.raises(Refused) as refusal:
        Office.read("a;b", "here", 5, "Baku", None)
    assert len(refusal.value.problems) == 4


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "-", "x" * 41, "a;b"])
def test_a_name_that_cannot_be_said_in_a_file_or_a_button_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="name"):
        Office.read(name, "40,49", 150, "Asia/Baku", None)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("ends", time(22), "no length"),
        ("grace_minutes", 721, "0 to 720"),
        ("country", "XX", "no country"),
        ("timezone", "Baku", "no zone"),
        ("name", "", "needs a name"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(field: str, value: object, said: str) -> None:
    fields = {**{name: getattr(DRAFT, name) for name in DRAFT.__slots__}, field: value}
    with pytest.raises(Refused, match=said):
        Draft.checked(Draft(**fields))


def test_a_night_and_a_schedule_without_holidays_are_schedules() -> None:
    assert Draft.checked(DRAFT) == DRAFT
    assert Draft.checked(Draft("x", time(9), time(18), 0, [1], None, "Europe/Istanbul")).country is None


@pytest.mark.parametrize("cell", ["=CMD()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_execute_is_made_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(("cell", "text"), [("Ləman", "Ləman"), (None, ""), (5, "5"), ("a=b", "a=b"), (" =x", " =x")])
def test_any_other_cell_stays_as_it_is(cell: object, text: str) -> None:
    assert harmless(cell) == text


def test_a_table_for_a_spreadsheet_is_csv_again(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(("id", "name"), [(5, 'a "b", c\nd'), (6, "=CMD()")])
    assert list(csv.reader(capsys.readouterr().out.splitlines(keepends=True))) == [
        ["id", "name"],
        ["5", 'a "b", c\nd'],
        ["6", "'=CMD()"],
    ]
