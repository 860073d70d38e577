"""The picture of a month: what is drawn where, counted in pixels of the decoded file."""

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

import pytest
from PIL import Image

from checkin_worker.chart import ABSENT, FORGOTTEN, LATE, OFF, ON_TIME, RUNNING, TODAY, Bar, Colour, picture

FIRST = date(2026, 7, 1)
EIGHT = timedelta(hours=8)


def days(*bars: Bar) -> Sequence[Bar]:
    """A month that begins with these bars; on its other days there is nothing."""
    return [*bars, *(Bar(FIRST + timedelta(days=number)) for number in range(len(bars), 31))]


def decoded(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


def pixels(bars: Sequence[Bar], today: date | None = None) -> Counter[Colour]:
    """How many pixels there are of each colour."""
    image = decoded(picture(bars, today))
    return Counter({cast("Colour", colour): count for count, colour in image.getcolors(1 << 16) or []})


def span(bars: Sequence[Bar], colour: Colour) -> tuple[int, int, int, int]:
    """The columns and rows between which this colour is: left, right, top, bottom."""
    image = decoded(picture(bars))
    found = [(x, y) for x in range(image.width) for y in range(image.height) if image.getpixel((x, y)) == colour]
    xs, ys = [x for x, _ in found], [y for _, y in found]
    return min(xs), max(xs), min(ys), max(ys)


@pytest.mark.parametrize("length", [0, 1, 28, 31])
def test_a_month_of_any_length_is_a_png_that_telegram_takes_as_a_photo(length: int) -> None:
    file = picture([Bar(FIRST + timedelta(days=number)) for number in range(length)])
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "PNG"
        assert sum(image.size) <= 10_000
        assert max(image.size) <= 20 * min(image.size)
    assert len(file) < 20_000


def test_a_day_of_twice_the_hours_has_a_bar_twice_as_high() -> None:
    one, two = (pixels(days(Bar(FIRST, worked=length)))[ON_TIME] for length in (timedelta(hours=4), timedelta(hours=8)))
    assert two == pytest.approx(2 * one, rel=0.02)


def test_the_scale_grows_with_the_longest_day_so_that_no_bar_leaves_the_picture() -> None:
    eight = span(days(Bar(FIRST, worked=EIGHT)), ON_TIME)
    whole = span(days(Bar(FIRST, worked=timedelta(hours=24))), ON_TIME)
    assert whole[2] == eight[2] > 0
    assert whole[3] == eight[3]


def test_bars_stand_side_by_side_in_the_order_of_the_days() -> None:
    bars = days(Bar(FIRST, worked=EIGHT), Bar(FIRST + timedelta(days=1), worked=EIGHT, late=True))
    assert span(bars, ON_TIME)[1] < span(bars, LATE)[0]
    assert span(bars, ON_TIME)[2:] == span(bars, LATE)[2:]


def test_a_late_day_has_another_colour_even_while_nothing_is_counted_yet() -> None:
    late = pixels(days(Bar(FIRST, worked=EIGHT, late=True)))
    assert late[LATE] > 1000
    assert late[ON_TIME] == 0
    assert 0 < pixels(days(Bar(FIRST, late=True, running=timedelta(hours=1))))[LATE] < 200


def test_what_goes_on_still_stands_above_what_is_counted() -> None:
    bars = days(Bar(FIRST, worked=timedelta(hours=3), running=timedelta(hours=2)))
    counted, running = span(bars, ON_TIME), span(bars, RUNNING)
    assert running[3] < counted[2]
    assert running[:2] == counted[:2]


def test_days_off_are_shaded_from_top_to_bottom_behind_the_bars() -> None:
    shaded = days(Bar(FIRST, off=True))
    left, right, top, bottom = span(shaded, OFF)
    assert bottom - top > 300
    assert 0 < left < right
    assert pixels(days(Bar(FIRST, off=True, worked=EIGHT)))[ON_TIME] == pixels(days(Bar(FIRST, worked=EIGHT)))[ON_TIME]
    assert pixels(days(Bar(FIRST)))[OFF] == 0


def test_an_absence_is_a_cross_and_a_forgotten_check_out_a_question_mark_above_the_bar() -> None:
    assert pixels(days(Bar(FIRST, absent=True)))[ABSENT] > 20
    forgotten = days(Bar(FIRST, worked=timedelta(hours=3), forgotten=True))
    assert span(forgotten, FORGOTTEN)[3] < span(forgotten, ON_TIME)[2]
    nothing = pixels(days(Bar(FIRST)))
    assert nothing[ABSENT] == nothing[FORGOTTEN] == 0


def test_today_is_marked_below_its_bar_and_only_if_it_is_in_the_picture() -> None:
    assert pixels(days(), FIRST)[TODAY] > 200
    assert pixels(days(), FIRST - timedelta(days=1))[TODAY] == 0
    assert pixels(days())[TODAY] == 0


def test_the_same_days_make_the_same_file() -> None:
    bars = days(Bar(FIRST, worked=EIGHT, late=True, forgotten=True))
    assert picture(bars, FIRST) == picture(bars, FIRST)
