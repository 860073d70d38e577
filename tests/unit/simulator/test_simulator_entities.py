import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.botapi.entities import read_html, units
from simulator.botapi.errors import BadRequestError


def test_html_becomes_text_and_entities_in_utf16_units() -> None:
    text, entities = read_html('😀 <b>Şəki <i>&amp; Qəbələ</i></b> <a href="https://a.az/?a=1&amp;b=2">x</a>')
    assert text == "😀 Şəki & Qəbələ x"
    assert entities == [
        {"type": "bold", "offset": 3, "length": 13},
        {"type": "italic", "offset": 8, "length": 8},
        {"type": "text_link", "url": "https://a.az/?a=1&b=2", "offset": 17, "length": 1},
    ]


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<b>salam", 'Can\'t find end tag corresponding to start tag "b"'),
        ("salam</b>", "Unexpected end tag at byte offset 5"),
        ("<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("ə < 5", "Unsupported start tag"),
        ("<span>x</span>", 'must have class "tg-spoiler"'),
    ],
)
def test_html_that_telegram_cannot_parse_is_refused(html: str, reason: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_html(html)
    assert str(refused.value).startswith("Bad Request: can't parse entities: ")
    assert reason in str(refused.value)


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Cs"])))
def test_text_without_markup_stays_as_it_is(text: str) -> None:
    assert read_html(text) == (text, [])


def test_length_is_counted_in_utf16_units() -> None:
    assert units("ə😀") == 3
