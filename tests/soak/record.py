"""Owns what the judge is given: everything that was seen of a run, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.ledger import Call
from tests.soak.diary import Item, Moment
from tests.soak.windows import Came, sort_out


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run that is over.

    Attributes:
        items: what people had to be told.
        calls: what arrived at Telegram.
        moments, accidents: what was done to the fleet, and what befell services by itself.
        updates: the ids of the updates that Telegram had for us.
        accepted: of these, those that the webhook took.
        events: how many rows each update has among the attendance events.
        receipts: what the ledger says became of each call, by key.
        queues: messages that are left, by queue.
        dead, poison: keys of the dead letters, and of those that had to be.
        memory: the most MiB of each sender.
        statuses: how the services ended at the end.
        strange: what in our calls is not in Telegram's schema.
        worst_lag: seconds by which the simulator's own loop was late at worst.
    """

    items: Sequence[Item]
    calls: Sequence[Call]
    moments: Sequence[Moment] = ()
    accidents: Sequence[str] = ()
    updates: Sequence[int] = ()
    accepted: frozenset[int] = frozenset()
    events: Mapping[int, int] = field(default_factory=dict)
    receipts: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    dead: Sequence[str] = ()
    poison: frozenset[str] = frozenset()
    memory: Mapping[str, float] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    strange: Sequence[str] = ()
    worst_lag: float = 0.0

    def came(self) -> dict[Item, Came]:
        """The calls of each item."""
        return sort_out(self.items, self.calls)
