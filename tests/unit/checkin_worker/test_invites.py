"""The code of an invitation: nobody can forge it, it ends, and it fits where it must travel. And what /invite reads."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from checkin_worker.access import CONSENT_VERSION
from checkin_worker.handlers.invitations import Wish, wished
from checkin_worker.invites import Seal

NOW = datetime(2026, 7, 6, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
SEAL = Seal.of(SecretStr("42:TEST"))
ALPHABET = set(string.ascii_letters + string.digits + "_-")


@given(st.integers(0, 2**48 - 1), st.integers(1, 2**39))
def test_a_code_says_its_invitation_until_it_ends_and_can_travel_in_a_link_and_in_a_button(
    number: int, seconds: int
) -> None:
    ends = datetime.fromtimestamp(seconds % (2**33), UTC)
    code = SEAL.code(number, ends)
    assert set(code) <= ALPHABET
    assert len(code) == 36
    assert len(f"consent:{CONSENT_VERSION:09}:{code}".encode()) <= 64
    assert SEAL.invite_id(code, ends - timedelta(seconds=1)) == number
    assert SEAL.invite_id(code, ends) is None


@given(st.integers(0, 35), st.sampled_from(sorted(ALPHABET)))
def test_a_code_with_any_one_character_changed_is_refused(place: int, char: str) -> None:
    code = SEAL.code(17, LATER)
    forged = code[:place] + char + code[place + 1 :]
    assert SEAL.invite_id(forged, NOW) == (17 if forged == code else None)


@given(st.text() | st.text(sorted(ALPHABET), min_size=36, max_size=36))
def test_what_is_no_code_of_ours_is_refused(said: str) -> None:
    assert SEAL.invite_id(said, NOW) is None


@pytest.mark.parametrize("spoiled", ["{}=", "{}\n", " {}", "{}A", "", "ə" * 36])
def test_a_code_is_written_in_one_way_only(spoiled: str) -> None:
    assert SEAL.invite_id(spoiled.format(SEAL.code(17, LATER)), NOW) is None


def test_the_code_of_one_bot_says_nothing_to_another() -> None:
    assert Seal.of(SecretStr("43:TEST")).invite_id(SEAL.code(17, LATER), NOW) is None


def test_the_seals_key_is_not_the_token() -> None:
    assert SEAL.key != b"42:TEST"
    assert len(SEAL.key) == 32


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("", Wish(1, 7, "")),
        ("5", Wish(5, 7, "")),
        ("500 90", Wish(500, 90, "")),
        ("1 1", Wish(1, 1, "")),
        ("5 14 Baş ofis", Wish(5, 14, "Baş ofis")),
        ("Baş   ofis", Wish(1, 7, "Baş ofis")),
        ("3 Gənclik", Wish(3, 7, "Gənclik")),
        ("1 7 28 May", Wish(1, 7, "28 May")),
        ("-5", Wish(1, 7, "-5")),
        ("٣", Wish(1, 7, "٣")),
        ("0", None),
        ("501", None),
        ("1 0", None),
        ("1 91", None),
        ("9" * 4000, None),
    ],
)
def test_invite_reads_people_days_and_office_within_bounds(said: str, wish: Wish | None) -> None:
    assert wished(said) == wish
