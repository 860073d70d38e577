"""Owns `fleet retain`: what is kept no longer than needed.

Each batch is a transaction of its own and takes what is still there, so a run that ends half-way is continued by the
next one.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ops.database import rows_of

if TYPE_CHECKING:
    from ops.database import Connection

AT_ONCE: Final = 10_000
"""Rows in one transaction."""

# By idx_events_age. Two decimals are a kilometre. A session loses an address that it has of such a location, unless
# that is an office's; it is found by idx_sessions_user_date, since nobody stays for three days.
COARSEN: Final = """
WITH old AS (
    SELECT user_id, sent_at, update_id, kind, kind = 'location' AND fence IS DISTINCT FROM 'inside' AS somewhere
    FROM attendance_events WHERE NOT coarse AND sent_at < $1 ORDER BY sent_at LIMIT $2
), ends AS (
    SELECT s.user_id, s.workday, s.ordinal,
           bool_or(s.start_time = old.sent_at AND s.start_update_id = old.update_id) AS at_start,
           bool_or(s.end_time = old.sent_at AND s.end_update_id = old.update_id) AS at_end
    FROM old JOIN sessions s ON s.user_id = old.user_id
         AND s.start_time <= old.sent_at AND s.start_time > old.sent_at - interval '3 days'
    WHERE old.somewhere GROUP BY s.user_id, s.workday, s.ordinal
), told AS (
    UPDATE sessions s SET start_address = CASE WHEN at_start THEN NULL ELSE s.start_address END,
                          end_address = CASE WHEN at_end THEN NULL ELSE s.end_address END
    FROM ends WHERE s.user_id = ends.user_id AND s.workday = ends.workday AND s.ordinal = ends.ordinal
      AND (at_start AND s.start_address IS NOT NULL OR at_end AND s.end_address IS NOT NULL)
)
UPDATE attendance_events e SET coarse = true, latitude = round(e.latitude::numeric, 2),
    longitude = round(e.longitude::numeric, 2), accuracy = NULL, distance_m = NULL, address = NULL
FROM old WHERE e.user_id = old.user_id AND e.sent_at = old.sent_at AND e.update_id = old.update_id AND e.kind = old.kind
"""
# The age stands in the outer condition too: a row that was written anew meanwhile stays.
DELETE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "inbox": """
DELETE FROM inbox WHERE handled_at < $1
    AND update_id IN (SELECT update_id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)
""",
        "throttles": """
DELETE FROM throttles WHERE since < $1
    AND (user_id, kind) IN (SELECT user_id, kind FROM throttles WHERE since < $1 LIMIT $2)
""",
        "invites": """
DELETE FROM invites WHERE expires_at < $1
    AND invite_id IN (SELECT invite_id FROM invites WHERE expires_at < $1 ORDER BY invite_id LIMIT $2)
""",
        "campaigns": """
DELETE FROM campaigns WHERE created_at < $1 AND ends_at < now() AND campaign_id IN
    (SELECT campaign_id FROM campaigns WHERE created_at < $1 AND ends_at < now() ORDER BY campaign_id LIMIT $2)
""",
        "calls": """
DELETE FROM calls WHERE settled_at < $1
    AND (chat_id, key) IN (SELECT chat_id, key FROM calls WHERE settled_at < $1 ORDER BY settled_at LIMIT $2)
""",
        "strangers' calls": """
DELETE FROM calls WHERE stranger AND settled_at < $1
    AND (chat_id, key) IN (SELECT chat_id, key FROM calls WHERE stranger AND settled_at < $1
                           ORDER BY settled_at LIMIT $2)
""",
    }
)
KEPT: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "inbox": timedelta(days=3),
        "throttles": timedelta(days=2),
        "invites": timedelta(days=30),
        "campaigns": timedelta(days=30),
        "calls": timedelta(days=30),
        "strangers' calls": timedelta(days=3),
    }
)
"""How long rows are kept: a worker looks at an inbox row for three days, the longest throttle is a day, an invitation
is kept for so long after it expired, and whether a message arrived is asked within weeks; a campaign goes before the
calls that its tally is made of. Of whom the company does not know nothing is kept longer than in the inbox."""


async def retain(db: "Connection", now: datetime, locations: timedelta) -> Mapping[str, int]:
    """Make locations coarse that are older than `locations`, and delete what is over.

    What a message said may have been a place, so no call is kept longer than locations are.

    Returns:
        Rows changed, of `locations` and of each table in KEPT.
    """
    changed = {"locations": sum([rows async for rows in _batches(db, COARSEN, now - locations)])}
    for table, query in DELETE.items():
        kept = min(KEPT[table], locations) if table in {"calls", "campaigns"} else KEPT[table]
        changed[table] = sum([rows async for rows in _batches(db, query, now - kept)])
    return changed


async def _batches(db: "Connection", query: str, before: datetime) -> AsyncIterator[int]:
    """Run the query until it finds less than a batch; yields the rows of each."""
    rows = AT_ONCE
    while rows == AT_ONCE:
        rows = rows_of(await db.execute(query, before, AT_ONCE))
        yield rows
