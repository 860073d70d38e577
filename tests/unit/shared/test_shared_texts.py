"""Texts: every message exists in all four languages, formats, and is what people can read on a telephone."""

import functools
import re
import unicodedata
from datetime import date

import pytest
from fluent.runtime import FluentResource
from fluent.syntax import ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from shared.texts import LANGUAGES, LOCALES, Texts, language_of, plain_name, texts_in

ROOMS = sorted(path.name for path in (LOCALES / "az").glob("*.ftl"))
NUMBERS = (0, 1, 2, 3, 5, 11, 21, 22, 25, 101, 1111)
"""Enough to meet every plural rule of the four."""
MONDAY = date(2026, 7, 6)


class Needs(Visitor):
    """Collects which values a message needs, and as what, and whom it refers to."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.references: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor's protocol
        self.values.setdefault(node.id.name, "text")

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802 - as above
        self.references.add(node.id.name)

    def visit_FunctionReference(self, node: ast.FunctionReference) -> None:  # noqa: N802 - as above
        (argument,) = node.arguments.positional
        assert isinstance(argument, ast.VariableReference)
        self.values[argument.id.name] = {"DATETIME": "date", "NUMBER": "number"}[node.id.name]

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 - as above
        self.generic_visit(node)
        if isinstance(node.selector, ast.VariableReference):
            words = all(isinstance(variant.key, ast.Identifier) for variant in node.variants)
            plural = {"zero", "one", "two", "few", "many", "other"}
            keys = {v.key.name for v in node.variants if isinstance(v.key, ast.Identifier)}
            self.values[node.selector.id.name] = "text" if words and not keys <= plural else "number"


@functools.cache
def messages(language: str) -> dict[str, tuple[str, Needs]]:
    """Each message's file and needs."""
    found: dict[str, tuple[str, Needs]] = {}
    for room in ROOMS:
        resource = FluentResource((LOCALES / language / room).read_text(encoding="utf-8"))
        for entry in resource.body:
            assert not isinstance(entry, ast.Junk), f"{language}/{room}: {entry.content}"
            if isinstance(entry, ast.Message):
                assert entry.id.name not in found, f"{entry.id.name} stands twice in {language}"
                needs = Needs()
                needs.visit(entry)
                found[entry.id.name] = (room, needs)
    for _, needs in found.values():
        for name in list(needs.references):
            needs.values = {**found[name][1].values, **needs.values}
    return found


EVERY = [(language, name) for language in LANGUAGES for name in messages(language)]


def values(needs: Needs, number: int) -> dict[str, str | int | date]:
    samples: dict[str, str | int | date] = {"date": MONDAY, "number": number}
    return {name: samples.get(kind, f"<{name}>") for name, kind in needs.values.items()}


def test_every_language_has_the_same_rooms_and_messages_with_the_same_values() -> None:
    for language in LANGUAGES:
        assert sorted(path.name for path in (LOCALES / language).glob("*.ftl")) == ROOMS
    shapes = [
        {name: (room, sorted(needs.values)) for name, (room, needs) in messages(language).items()}
        for language in LANGUAGES
    ]
    for language, shape in zip(LANGUAGES, shapes, strict=True):
        assert shape == shapes[0], f"{language} differs from {LANGUAGES[0]}"


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_every_message_can_be_said_in_every_language_with_every_plural(language: str, name: str) -> None:
    _, needs = messages(language)[name]
    for number in NUMBERS if "number" in needs.values.values() else NUMBERS[:1]:
        said = texts_in(language).say(name, **values(needs, number))
        assert 0 < len(said) < 3000
        assert not set("{}$") & set(said)
        assert not any(unicodedata.category(char) == "Cf" for char in said.replace("\ufe0f", "").replace("\u200d", ""))


@pytest.mark.parametrize("language", ["en", "ru", "tr"])
def test_no_message_was_left_in_azerbaijani(language: str) -> None:
    """Letters that only Azerbaijani has; Turkish shares the others. Names of languages are their own."""
    for name, (_, needs) in messages(language).items():
        if not name.startswith("language-"):
            said = texts_in(language).say(name, **values(needs, 5))
            assert not set("əƏ") & set(said), name


def test_russian_is_written_in_cyrillic() -> None:
    for name, (room, needs) in messages("ru").items():
        said = re.sub(r"<\w+>", "", texts_in("ru").say(name, **values(needs, 5)))
        if any(char.isalpha() for char in said) and room != "language.ftl":
            assert any("CYRILLIC" in unicodedata.name(char, "") for char in said), name


def test_a_message_without_a_value_that_it_needs_is_an_error() -> None:
    with pytest.raises(ValueError, match="time"):
        texts_in("az").say("line-time")


@pytest.mark.parametrize("message_id", ["", "no-such", "-term", "opened.attribute", "Start"])
def test_a_message_that_does_not_exist_is_an_error(message_id: str) -> None:
    with pytest.raises(ValueError, match="no message"):
        texts_in("az").say(message_id)


def test_a_language_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Texts("xx")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("az", "📅 6 iyul 2026, bazar ertəsi"),
        ("en", "📅 Monday, July 6, 2026"),
        ("ru", "📅 понедельник, 6 июля 2026\u202f\u0433."),
        ("tr", "📅 6 Temmuz 2026 Pazartesi"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(language: str, said: str) -> None:
    assert texts_in(language).say("line-date", date=MONDAY) == said


@pytest.mark.parametrize(
    ("chosen", "telegram", "spoken"),
    [
        (None, None, "az"),
        (None, "ru", "ru"),
        (None, "en-US", "en"),
        (None, "de", "az"),
        (None, "TR", "tr"),
        ("az", "en", "az"),
        ("tr", None, "tr"),
    ],
)
def test_the_chosen_language_comes_before_telegrams_and_azerbaijani_is_for_everybody_else(
    chosen: str | None, telegram: str | None, spoken: str
) -> None:
    assert language_of(chosen, telegram) == spoken


def test_what_a_value_contains_is_never_read_as_markup() -> None:
    assert "Salam, { $date } {{x}} %s \\u0041!" in texts_in("az").say("start", name="{ $date } {{x}} %s \\u0041")


NAMES = {
    "Ləman Əliyeva": "Ləman Əliyeva",
    "İsmayıl ŞIXƏLİYEV ğçöü": "İsmayıl ŞIXƏLİYEV ğçöü",
    "Məmməd\u0259\u0307": "Məmməd\u0259\u0307",
    "<b>Əli</b> & <a href='x'>": "<b>Əli</b> & <a href='x'>",
    "*_Əli_* `x` [y](z)": "*_Əli_* `x` [y](z)",
    "\u202eilƏ\u202c": "ilƏ",
    "\u200fƏli\u200e\u2066\u2069\u061c": "Əli",
    "Ə\x00li\x07\x1b[31m": "Əli[31m",
    "Əli\u2028\u2029 Vəli": "Əli Vəli",
    "  Əli \t  Vəli  ": "Əli Vəli",
    "\ue000\uf8ffƏli\U000f0000": "Əli",
    "Ə\u200bl\ufeffi\u00ad": "Əli",
    "👩‍👩‍👧 Ailə 🇦🇿": "👩👩👧 Ailə 🇦🇿",
    "\ud800": "?",
    "": "?",
    " \u00a0\u3000": "?",
    "\u200b\u2060": "?",
    "ə" * 4000: "ə" * 64,
    "ə" * 63 + " x": "ə" * 63,
}


@pytest.mark.parametrize(("name", "plain"), NAMES.items())
def test_a_name_is_shown_as_one_harmless_line(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_separator_makes_a_name_a_second_line(separator: str) -> None:
    name = plain_name(f"Əli{separator}✅ Gedişiniz qeydə alındı")
    assert len(name.splitlines()) == 1
    assert name.startswith("Əli")


@given(st.text() | st.text(st.characters(categories=["C", "Z"])))
def test_whatever_a_name_is_it_becomes_one_short_printable_line(name: str) -> None:
    plain = plain_name(name)
    assert 0 < len(plain) <= 64
    assert len(plain.splitlines()) == 1
    assert plain == plain.strip()
    assert plain.isprintable()
    assert not any(unicodedata.category(char).startswith("C") for char in plain)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=64))
def test_letters_marks_digits_and_signs_are_kept_as_they_are(name: str) -> None:
    assert plain_name(name) == name


@given(st.text())
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert plain_name(plain_name(name)) == plain_name(name)
