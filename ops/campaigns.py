"""Owns campaigns as rows: what state they are in, and the tally of what became of their messages.

What became of each message stands in the ledger (`calls`); a campaign's rows say only who is to get it and how far
queueing is, which `ops.campaign_feed` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Self

import msgspec

from ops.campaign_texts import CampaignTexts
from ops.terminal import Refused
from shared.contracts import Order

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection
    from ops.orders import OrderDesk

State = Literal["running", "paused", "cancelled", "done"]
OrderState = Literal["running", "paused", "cancelled"]
WAITING: Final = ("waiting", "queued", "withdrawn")
"""What is said of people whose message may still go out."""
CHANGES: Final[Mapping[OrderState, tuple[State, ...]]] = {
    "paused": ("running", "paused"),
    "running": ("paused", "running"),
    "cancelled": ("running", "paused", "cancelled"),
}
"""From which states one comes to a state; from itself too, which tells the sender once more."""

# The database's clock orders what two operators say at once; a row's lock is had one after the other.
CHANGE: Final = """
UPDATE campaigns SET state = $2 WHERE campaign_id = $1 AND state = ANY($3::text[]) RETURNING clock_timestamp() AS at
"""
CAMPAIGN: Final = """
SELECT c.campaign_id, c.name, c.texts, c.state, c.created_at, c.ends_at, o.name AS office
FROM campaigns c LEFT JOIN offices o USING (office_id) WHERE c.campaign_id = $1
"""
LIST: Final = "SELECT campaign_id, name, state, created_at, ends_at FROM campaigns ORDER BY campaign_id"
# A withdrawal that was answered by queueing the message again is nothing any more. A call is found by its whole key: of
# how many calls a campaign has PostgreSQL knows nothing while it runs, and compared each with each (164 s at 25,000).
TALLY: Final = """
SELECT r.campaign_id, count(*) AS people, count(*) FILTER (WHERE c.settled_at > now() - interval '1 minute') AS lately,
    coalesce(CASE WHEN c.outcome <> 'withdrawn' OR c.settled_at IS DISTINCT FROM r.withdrawn_at THEN c.outcome END,
             r.left_out, CASE WHEN r.queued_at IS NULL THEN 'waiting' ELSE 'queued' END) AS fate
FROM campaign_recipients r
LEFT JOIN calls c ON c.chat_id = r.user_id AND c.key = 'campaign:' || r.campaign_id || ':' || r.user_id
WHERE r.campaign_id = ANY($1::bigint[]) GROUP BY r.campaign_id, fate
"""


def key_of(campaign_id: int, user_id: int) -> str:
    """The key of a person's message, by which the sender and the ledger know it; the queries say the same."""
    return f"campaign:{campaign_id}:{user_id}"


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands; `office`: the only one whose people get it, if any."""

    campaign_id: int
    name: str
    texts: CampaignTexts
    office: str | None
    state: State
    created_at: datetime
    ends_at: datetime

    @classmethod
    async def read(cls, db: "Connection", campaign_id: int) -> Self:
        """Read it.

        Raises:
            Refused: there is none of this number.
        """
        row = await db.fetchrow(CAMPAIGN, campaign_id)
        if row is None:
            raise Refused(f"there is no campaign {campaign_id}: see `fleet campaign list`")
        texts = CampaignTexts(msgspec.json.decode(row["texts"], type=dict[str, str]))
        return cls(**{**row, "texts": texts})


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people there are, by what became of their message.

    Attributes:
        fates: by outcome (`shared.contracts.CallOutcome`); `waiting` to be queued, `queued`, or `left`: they are not
            with the company any more, or took back their consent.
        lately: outcomes of the last minute.
    """

    fates: Mapping[str, int]
    lately: int

    @property
    def people(self) -> int:
        """All of them."""
        return sum(self.fates.values())

    @property
    def waiting(self) -> int:
        """Those whose message may still go out."""
        return sum(self.fates.get(fate, 0) for fate in WAITING)


async def change(db: "Connection", desk: "OrderDesk", campaign_id: int, state: "OrderState") -> None:
    """Put the campaign into a state, and tell the sender; both or, if anything fails, neither.

    Raises:
        Refused: there is none of this number, or it is over.
        BrokerUnavailable: the sender may or may not be told; say it again.
    """
    async with db.transaction():
        at = await db.fetchval(CHANGE, campaign_id, state, CHANGES[state])
        if at is None:
            campaign = await Campaign.read(db, campaign_id)
            raise Refused(f"campaign {campaign_id} is {campaign.state}: it cannot be {state} any more")
        await desk.give(Order(subject=f"campaign:{campaign_id}", state=state, given_at=at.timestamp()))


async def tallies(db: "Connection", campaign_ids: Sequence[int]) -> dict[int, Tally]:
    """The tally of each campaign."""
    rows = await db.fetch(TALLY, campaign_ids)
    return {number: _tally([row for row in rows if row["campaign_id"] == number]) for number in campaign_ids}


async def listed(db: "Connection") -> "list[tuple[Record, Tally]]":
    """All campaigns that are kept, the oldest first."""
    rows = await db.fetch(LIST)
    counted = await tallies(db, [row["campaign_id"] for row in rows])
    return [(row, counted[row["campaign_id"]]) for row in rows]


def _tally(rows: "Sequence[Record]") -> Tally:
    return Tally({row["fate"]: row["people"] for row in rows}, sum(row["lately"] for row in rows))
