"""Who is silent after a 429."""

from sender.floods import FLOOD_WINDOW, Floods


def test_one_chat_is_silent_alone_however_often_it_is_hit() -> None:
    floods = Floods()
    assert [floods.hit(1, now, 3.0) for now in (0.0, 3.0, 6.0)] == [None] * 3


def test_two_chats_within_a_window_silence_everybody_until_both_may_speak() -> None:
    floods = Floods()
    assert floods.hit(1, 0.0, 30.0) is None
    assert floods.hit(2, 1.0, 3.0) == 30.0
    assert floods.hit(3, 2.0, 60.0) == 62.0


def test_two_chats_that_are_hit_at_different_times_silence_nobody_else() -> None:
    floods = Floods()
    assert floods.hit(1, 0.0, 1.0) is None
    assert floods.hit(2, FLOOD_WINDOW, 1.0) is None
