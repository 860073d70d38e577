"""The soak's strikes: the same for the same seed, and all of them if there is time."""

from itertools import islice

import pytest

from tests.soak.plan import MACHINES, MACHINES_REST, TELEGRAM, TELEGRAM_REST, Kind, Span, strikes

DECKS = pytest.mark.parametrize(("deck", "rest"), [(MACHINES, MACHINES_REST), (TELEGRAM, TELEGRAM_REST)])


@DECKS
def test_a_seed_deals_the_same_strikes_again_and_another_one_others(deck: dict[str, Kind], rest: Span) -> None:
    first, again, other = (list(islice(strikes(deck, rest, seed), 30)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@DECKS
def test_one_deck_holds_every_kind_as_often_as_it_says_and_within_its_measure(
    deck: dict[str, Kind], rest: Span
) -> None:
    size = sum(kind.often for kind in deck.values())
    dealt = list(islice(strikes(deck, rest, 1), size))
    assert {name: sum(strike.kind == name for strike in dealt) for name in deck} == {
        name: kind.often for name, kind in deck.items()
    }
    for strike in dealt:
        kind = deck[strike.kind]
        assert kind.seconds[0] <= strike.seconds <= kind.seconds[1]
        assert kind.count[0] <= strike.count <= kind.count[1]
        assert rest[0] <= strike.rest <= rest[1]
