"""Owns what goes wrong, in which order and for how long: decks of strikes, shuffled by a seed. Pure.

There are two decks that are played at the same time: what happens to our own machines, and what Telegram does. A deck
is dealt to its end before it is shuffled again, so a run that is long enough meets everything. What the seed decides is
the order and the measure of the strikes; the moment of each also hangs on how long the one before it took.
"""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

Span = tuple[float, float]
"""The shortest and the longest, in seconds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of strike: how often it is in a deck, how long it lasts, how many calls or seconds it asks for."""

    often: int = 1
    seconds: Span = (0.0, 0.0)
    count: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Strike:
    """One thing that goes wrong.

    Attributes:
        kind: its name in the deck.
        rest: seconds of peace before it.
        seconds: how long it lasts.
        count: how many calls it meets; for a 429 the seconds of its silence.
    """

    kind: str
    rest: float
    seconds: float
    count: int


MACHINES: Final[Mapping[str, Kind]] = {
    "kill_active": Kind(often=2, seconds=(0.0, 3.0)),
    "kill_standby": Kind(seconds=(0.0, 3.0)),
    "kill_both": Kind(seconds=(0.0, 2.0)),
    "kill_worker": Kind(seconds=(0.0, 2.0)),
    "term_active": Kind(often=2, seconds=(0.0, 3.0)),
    "term_standby": Kind(seconds=(0.0, 3.0)),
    "freeze_active": Kind(seconds=(1.0, 25.0)),
    "freeze_standby": Kind(seconds=(1.0, 25.0)),
    "stall_active": Kind(seconds=(1.0, 1.0)),
    "kill_redis": Kind(seconds=(1.0, 5.0)),
    "flush_redis": Kind(),
    "kill_rabbitmq": Kind(seconds=(0.0, 2.0)),
    "freeze_rabbitmq": Kind(seconds=(2.0, 8.0)),
}
"""What happens to processes; `seconds` until they are started again or thawed."""
TELEGRAM: Final[Mapping[str, Kind]] = {
    "flood_chat": Kind(count=(2, 5)),
    "flood_two_chats": Kind(count=(2, 4)),
    "flood_everybody": Kind(count=(1, 4)),
    "server_errors": Kind(seconds=(1.0, 4.0)),
    "resets_before": Kind(count=(1, 4)),
    "resets_after": Kind(count=(1, 4)),
    "slow_answers": Kind(often=2, seconds=(4.0, 12.0)),
    "no_answers": Kind(count=(1, 3)),
    "errors_after": Kind(count=(1, 3)),
}
"""What Telegram does; `count` is how many calls it meets, and for floods the seconds of silence."""
MACHINES_REST: Final = (3.5, 8.0)
"""More than 3 s: a quorum queue that is declared less than a second before a kill stays without a leader."""
TELEGRAM_REST: Final = (3.0, 9.0)


def strikes(deck: Mapping[str, Kind], rest: Span, seed: int) -> Iterator[Strike]:
    """Deal strikes for ever; the same for the same seed."""
    chance = random.Random(f"{seed} {' '.join(deck)}")  # noqa: S311 - no secret: repeatable runs
    cards = [name for name, kind in deck.items() for _ in range(kind.often)]
    for _ in itertools.count():
        chance.shuffle(cards)
        for name in cards:
            kind = deck[name]
            yield Strike(name, chance.uniform(*rest), chance.uniform(*kind.seconds), chance.randint(*kind.count))
