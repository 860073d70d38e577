import pytest

from simulator.faults import Fate, Faults


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("reset_before_next", Fate.RESET_BEFORE),
        ("server_error_next", Fate.SERVER_ERROR),
        ("flood_next", Fate.FLOOD),
        ("reset_after_next", Fate.RESET_AFTER),
        ("silent_next", Fate.SILENT),
        ("error_after_next", Fate.ERROR_AFTER),
    ],
)
def test_the_next_two_calls_meet_the_fault_and_the_third_is_served(name: str, fate: Fate) -> None:
    faults = Faults()
    setattr(faults, name, 2)
    assert [faults.fate_of(7) for _ in range(3)] == [fate, fate, Fate.SERVED]


def test_a_flood_of_one_chat_leaves_the_others_alone() -> None:
    faults = Faults(flood_chats={7: 1})
    assert [faults.fate_of(8), faults.fate_of(7), faults.fate_of(7)] == [Fate.SERVED, Fate.FLOOD_CHAT, Fate.SERVED]


def test_a_probability_strikes_about_that_often() -> None:
    faults = Faults(server_error_rate=0.3)
    struck = sum(faults.fate_of(7) is Fate.SERVER_ERROR for _ in range(2000))
    assert 500 < struck < 700


def test_answers_wait_for_a_time_within_the_bounds() -> None:
    faults = Faults(latency=(0.03, 0.12))
    assert all(0.03 <= faults.answer_delay() <= 0.12 for _ in range(200))
    assert Faults().answer_delay() == 0
