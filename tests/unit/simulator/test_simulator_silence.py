import pytest

from simulator.botapi.silence import REACTION, Silences

HER, HIM, THIRD = 7, 8, 9


def test_a_silence_lasts_from_the_call_that_was_refused_for_as_long_as_was_said() -> None:
    silences = Silences()
    silences.begin(HER, 10.0, 2, everybody=False)
    assert [silences.seconds_left(HER, now) for now in (9.9, 10.0, 10.5, 11.5, 12.0)] == [0, 2, 2, 1, 0]
    assert silences.seconds_left(HIM, 10.5) == 0


def test_a_silence_of_everybody_is_every_chats() -> None:
    silences = Silences()
    silences.begin(HER, 10.0, 2, everybody=True)
    assert silences.seconds_left(HIM, 10.5) == 2


def test_the_longer_of_two_silences_counts() -> None:
    silences = Silences()
    silences.begin(HER, 10.0, 2, everybody=True)
    silences.begin(HER, 10.0, 30, everybody=False)
    assert silences.seconds_left(HER, 11.0) == 29


def test_only_who_was_told_and_could_act_by_it_breaks_a_silence() -> None:
    silences = Silences()
    silences.begin(HER, 10.0, 5, everybody=False)
    assert silences.broken_by(HER, 11.0) is None
    silences.tell(HER, 11.0)
    assert silences.broken_by(HER, 11.0 + REACTION / 2) is None
    assert silences.broken_by(HER, 11.0 + REACTION) is not None
    assert silences.broken_by(HER, 15.0) is None


@pytest.mark.parametrize(("told", "broken"), [([], False), ([HER], False), ([HER, HIM], True), ([THIRD], True)])
def test_a_silence_of_everybody_is_known_when_the_chat_or_two_others_were_told(
    told: list[int], *, broken: bool
) -> None:
    silences = Silences()
    silences.begin(HER, 10.0, 5, everybody=True)
    for chat in told:
        silences.tell(chat, 10.1)
    assert (silences.broken_by(THIRD, 12.0) is not None) is broken
