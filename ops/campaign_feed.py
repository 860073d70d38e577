"""Owns feeding a campaign: its messages are queued in portions, so that a pause or an end takes hold within seconds.

Nobody gets it twice: a message has one key for ever, which the sender calls once, and who has an outcome is not queued
again. What happens if a feeder dies: its last portion counts as not queued and is queued again by the next, under the
same keys. Two feeders at once share the people. All state is in the database, so a feeder may be begun at any time.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ops.bulk import BulkPublisher, bulk_publisher
from ops.campaigns import Campaign, Tally, key_of, tallies
from ops.database import connected
from ops.orders import Depth, OrderDesk, order_desk
from shared.contracts import OutboundCall
from shared.database import AWAY
from shared.errors import BrokerUnavailable
from shared.texts import language_of
from shared.topology import BULK

if TYPE_CHECKING:
    from asyncpg import Record

    from ops.database import Connection
    from ops.settings import ReminderSettings

TICK: Final = 0.5
"""Seconds between two looks at the campaign's state and at the queue."""
SHARE: Final = 10
"""A feeder works for a tenth of the time at most: to count 50,000 people takes the database a quarter of a second."""
LOW: Final = 300
PORTION: Final = 600
"""Messages: when fewer than LOW wait in the queue, so many more are put into it. At the cap 30 seconds' work in all."""
LAST_LOOK: Final = 10.0
"""Seconds for which the outcomes of a cancelled campaign are waited for."""
RETRY: Final = 2.0
"""Seconds after which an engine that went away is tried again."""

# What was withdrawn while the campaign was paused is to be queued again: once for each withdrawal, which its moment
# names, whatever the sender's clock says.
AGAIN: Final = """
UPDATE campaign_recipients r SET queued_at = NULL, withdrawn_at = c.settled_at FROM calls c
WHERE r.campaign_id = $1 AND c.campaign_id = $1 AND c.chat_id = r.user_id AND c.outcome = 'withdrawn'
  AND r.withdrawn_at IS DISTINCT FROM c.settled_at
"""
# Ten minutes after the end what has no outcome will have none: its message was taken out of the queue by hand, or is
# among the dead letters. An outcome that comes all the same counts more.
TOO_LATE: Final = """
UPDATE campaign_recipients r SET left_out = 'expired' FROM campaigns c
WHERE r.campaign_id = $1 AND c.campaign_id = $1 AND r.left_out IS NULL
  AND c.ends_at <= now() - CASE WHEN r.queued_at IS NULL THEN interval '0' ELSE interval '10 minutes' END
"""
# $2: how many, $3: whether consent is required. Rows that another feeder has in hand are that feeder's. Who has an
# outcome and is not queued was so by a feeder that died before it could say so.
TAKE: Final = """
SELECT r.user_id, e.chat_id, e.full_name, e.language, e.telegram_language,
    CASE WHEN e.status <> 'active' OR e.chat_id IS NULL OR ($3 AND e.consent_version IS NULL) THEN 'left'
         WHEN e.unreachable_since IS NOT NULL THEN 'unreachable' END AS left_out
FROM campaign_recipients r JOIN employees e USING (user_id)
WHERE r.campaign_id = $1 AND r.queued_at IS NULL AND r.left_out IS NULL
  AND NOT EXISTS (SELECT FROM calls c WHERE c.chat_id = r.user_id AND c.outcome <> 'withdrawn'
                  AND c.key = 'campaign:' || r.campaign_id || ':' || r.user_id)
ORDER BY r.user_id LIMIT $2 FOR UPDATE OF r SKIP LOCKED
"""
TAKEN: Final = """
UPDATE campaign_recipients r SET left_out = given.left_out, queued_at = CASE WHEN given.left_out IS NULL THEN now() END
FROM unnest($2::bigint[], $3::text[]) AS given (user_id, left_out)
WHERE r.campaign_id = $1 AND r.user_id = given.user_id
"""
DONE: Final = "UPDATE campaigns SET state = 'done' WHERE campaign_id = $1 AND state = 'running'"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feeder saw at one look: the campaign, its tally, and the queue."""

    campaign: Campaign
    tally: Tally
    queue: Depth


class Watcher(Protocol):
    """Who looks on."""

    def see(self, seen: Seen) -> None:
        """How far it is, twice a second or less often if there are very many people."""

    def away(self, problem: Exception) -> None:
        """An engine went away; it is tried again until it answers."""


@dataclass(frozen=True, slots=True)
class Feeder:
    """Feeds one campaign on connections that live."""

    db: "Connection"
    desk: OrderDesk
    publisher: BulkPublisher
    campaign_id: int
    consent_required: bool

    async def run(self, watcher: Watcher) -> Seen:
        """Feed until the campaign is over, and wait while it is paused; returns what was seen last.

        Raises:
            Refused: the campaign does not exist.
        """
        loop = asyncio.get_running_loop()
        ends = None
        while True:
            began = loop.time()
            watcher.see(seen := await self.step())
            if seen.campaign.state == "done":
                return seen
            if seen.campaign.state == "cancelled":
                ends = ends or loop.time() + LAST_LOOK
                if loop.time() >= ends or not seen.tally.fates.get("queued"):
                    return seen
            await asyncio.sleep(max(TICK, (SHARE - 1) * (loop.time() - began)))

    async def step(self) -> Seen:
        """Queue a portion if it is time for one, and say how far the campaign is."""
        campaign = await Campaign.read(self.db, self.campaign_id)
        queue = await self.desk.depth(BULK)
        if campaign.state == "running":
            for query in (AGAIN, TOO_LATE):
                await self.db.execute(query, self.campaign_id)
            if queue.waiting < LOW:
                await self._feed(campaign)
        tally = (await tallies(self.db, [self.campaign_id]))[self.campaign_id]
        if campaign.state == "running" and not tally.waiting:
            await self.db.execute(DONE, self.campaign_id)
            campaign = await Campaign.read(self.db, self.campaign_id)
        return Seen(campaign, tally, queue)

    async def _feed(self, campaign: Campaign) -> None:
        async with self.db.transaction():
            rows = await self.db.fetch(TAKE, self.campaign_id, PORTION, self.consent_required)
            await self.publisher.publish([_call(campaign, row) for row in rows if row["left_out"] is None])
            people, left_out = [row["user_id"] for row in rows], [row["left_out"] for row in rows]
            await self.db.execute(TAKEN, self.campaign_id, people, left_out)


def _call(campaign: Campaign, row: "Record") -> OutboundCall:
    """The message for one person; all of a campaign are as old as it is, so that one that is repeated is the same."""
    language = language_of(row["language"], row["telegram_language"])
    text = campaign.texts.said_to(language, row["full_name"])
    return OutboundCall(
        key=key_of(campaign.campaign_id, row["user_id"]),
        chat_id=row["chat_id"],
        method="sendMessage",
        params={"chat_id": row["chat_id"], "text": text},
        created_at=campaign.created_at.timestamp(),
        if_unknown="leave",
        late_after=(campaign.ends_at - campaign.created_at).total_seconds(),
        campaign_id=campaign.campaign_id,
    )


async def feed(settings: "ReminderSettings", campaign_id: int, watcher: Watcher) -> Seen:
    """Feed the campaign until it is over, through restarts of the engines.

    Raises:
        Refused: there is no such campaign.
        OSError, BrokerUnavailable, asyncpg.PostgresError: an engine could not be reached at all.
    """
    begun = False
    while True:
        try:
            async with _feeder(settings, campaign_id) as feeder:
                begun = True
                return await feeder.run(watcher)
        except (*AWAY, BrokerUnavailable) as problem:
            if not begun:
                raise
            watcher.away(problem)
        await asyncio.sleep(RETRY)


@contextlib.asynccontextmanager
async def _feeder(settings: "ReminderSettings", campaign_id: int) -> AsyncIterator[Feeder]:
    async with (
        connected(settings) as db,
        order_desk(settings.rabbitmq_url) as desk,
        bulk_publisher(settings.rabbitmq_url, BULK.name) as publisher,
    ):
        yield Feeder(db, desk, publisher, campaign_id, settings.consent == "required")
