"""A campaign's texts are right for everybody, or nobody gets one."""

from pathlib import Path

import pytest

from ops.campaign_texts import LIMIT, CampaignTexts
from ops.terminal import Refused
from shared.texts import telegram_length


def written(folder: Path, **texts: str | bytes) -> list[str]:
    """The texts as an operator names them."""
    words = []
    for language, text in texts.items():
        file = folder / f"{language}.txt"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        words.append(f"{language}={file}")
    return words


def wrong(words: list[str]) -> list[str]:
    with pytest.raises(Refused) as refusal:
        CampaignTexts.read(words)
    return list(refusal.value.problems)


def test_people_read_their_language_with_their_first_name_and_the_others_azerbaijani(tmp_path: Path) -> None:
    texts = CampaignTexts.read(written(tmp_path, az="Salam, {name}! {name}?\n", en="Hello, {name}!"))
    assert texts.said_to("en", "Ləman Əliyeva") == "Hello, Ləman!"
    assert texts.said_to("tr", "Ləman") == "Salam, Ləman! Ləman?"


def test_a_name_with_braces_is_a_name(tmp_path: Path) -> None:
    texts = CampaignTexts.read(written(tmp_path, az="Salam, {name}!"))
    assert texts.said_to("az", "{name}{0} Bobby") == "Salam, {name}{0}!"


def test_all_problems_of_all_texts_are_told_at_once(tmp_path: Path) -> None:
    words = written(tmp_path, en="Hello, {surname}!", ru=b"\xff\xfe", tr=" \n")
    problems = wrong([*words, words[0], "de=x", "az", f"az={tmp_path / 'nowhere.txt'}"])
    for said in (
        "en.txt: {surname} is not known",
        "ru.txt is not UTF-8",
        "tr.txt: the text is empty",
        "there is a text in 'en' already",
        "--text de=x: say LANGUAGE=FILE",
        "--text az: say LANGUAGE=FILE",
        "nowhere.txt cannot be read: No such file",
    ):
        assert any(said in problem for problem in problems), said
    assert len(problems) == 7


def test_without_azerbaijani_those_of_other_languages_would_get_nothing(tmp_path: Path) -> None:
    assert wrong(written(tmp_path, en="Hello")) == [
        "--text az=FILE is missing: those get it whose language has no text of its own"
    ]


@pytest.mark.parametrize(("text", "fits"), [("ə" * LIMIT, True), ("ə" * (LIMIT + 1), False), ("🎉" * 2049, False)])
def test_a_text_is_as_long_as_telegram_takes_it(tmp_path: Path, text: str, *, fits: bool) -> None:
    words = written(tmp_path, az=text)
    if fits:
        assert telegram_length(CampaignTexts.read(words).said_to("az", "Ləman")) == LIMIT
    else:
        assert "UTF-16 units, and a message has 4,096 at most" in wrong(words)[0]


def test_it_fits_with_the_longest_name_too(tmp_path: Path) -> None:
    assert "with 2 names of" in wrong(written(tmp_path, az="{name}{name}" + "x" * (LIMIT - 100)))[0]


def test_control_characters_are_refused_and_lines_are_not(tmp_path: Path) -> None:
    assert "control character" in wrong(written(tmp_path, az="a\x07b"))[0]
    assert CampaignTexts.read(written(tmp_path, az="a\n\tb")).said_to("az", "") == "a\n\tb"
