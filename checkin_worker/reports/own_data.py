"""Owns what a person gets who asks for all that is kept about them: the SQL of each part, and the file."""

import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from checkin_worker.reports.queries import TIMEOUT
from checkin_worker.reports.request import Made, ReportRequest
from shared.contracts import FILE_LIMIT
from shared.texts import texts_in

if TYPE_CHECKING:
    from asyncpg import Record

    from shared.database import ReadConnection

# Of others only their names are told, and only where they looked or decided. What was answered to an update repeats
# what is here; that there was one is told.
PARTS: Final[Mapping[str, str]] = {
    "person": """
SELECT user_id, chat_id, full_name AS telegram_name, official_name, role, status, language AS chosen_language,
       telegram_language, consent_version, enrolled_at, unreachable_since
FROM employees WHERE user_id = $1
""",
    "consents": "SELECT version, language, accepted_at FROM consents WHERE user_id = $1 ORDER BY version",
    "offices": """
SELECT o.name, o.latitude, o.longitude, o.radius_m, o.timezone, o.address
FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = $1 ORDER BY w.position, w.office_id
""",
    "managed_offices": """
SELECT o.name FROM office_managers m JOIN offices o USING (office_id) WHERE m.user_id = $1 ORDER BY m.office_id
""",
    "office_being_added": """
SELECT name, radius_m, timezone, asked_at FROM pending_offices WHERE user_id = $1
""",
    "schedules": """
SELECT a.since, s.name, s.starts, s.ends, s.grace_minutes, s.weekdays, s.country, s.timezone
FROM schedule_assignments a JOIN schedules s USING (schedule_id) WHERE a.user_id = $1 ORDER BY a.since
""",
    "events": """
SELECT v.kind, v.sent_at, v.received_at, v.recorded_at, v.update_id, v.latitude, v.longitude, v.accuracy, v.live,
       v.coarse AS made_coarse, v.fence, o.name AS office, v.distance_m, v.address, v.workday, v.arrived_at, v.left_at,
       v.reason, coalesce(a.official_name, a.full_name) AS by_whom
FROM attendance_events v LEFT JOIN offices o USING (office_id) LEFT JOIN employees a ON a.user_id = v.actor_id
WHERE v.user_id = $1 ORDER BY v.sent_at, v.update_id, v.kind
""",
    "sessions": """
SELECT s.workday, s.ordinal, s.start_time, s.end_time, s.boundary AS day_ends, s.opened_by, s.closed_by,
       s.start_address, s.end_address, s.start_fence, s.end_fence, a.name AS start_office, b.name AS end_office,
       s.late_seconds, s.excused
FROM sessions s LEFT JOIN offices a ON a.office_id = s.start_office_id
LEFT JOIN offices b ON b.office_id = s.end_office_id
WHERE s.user_id = $1 ORDER BY s.workday, s.ordinal
""",
    "corrections": """
SELECT c.workday, c.arrived_at, c.left_at, c.reason, c.asked_at, c.state, c.decided_at,
       coalesce(a.official_name, a.full_name) AS decided_by
FROM corrections c LEFT JOIN employees a ON a.user_id = c.decided_by
WHERE c.user_id = $1 ORDER BY c.asked_at, c.correction_id
""",
    "absences": "SELECT workday, marked_at FROM absences WHERE user_id = $1 ORDER BY workday",
    "reminders": """
SELECT workday, kind, claimed_at, queued_at FROM reminders WHERE user_id = $1 ORDER BY workday, kind
""",
    "invitations_made": """
SELECT i.created_at, i.expires_at, i.uses_left, o.name AS office
FROM invites i LEFT JOIN offices o USING (office_id) WHERE i.created_by = $1 ORDER BY i.invite_id
""",
    "invitations_used": "SELECT invite_id, used_at FROM invite_uses WHERE user_id = $1 ORDER BY used_at",
    "who_looked": """
SELECT u.at, u.action, coalesce(a.official_name, a.full_name) AS by_whom
FROM audit u LEFT JOIN employees a ON a.user_id = u.actor_id
WHERE u.subjects @> ARRAY[$1::bigint] ORDER BY u.audit_id
""",
    "looked_at_others": """
SELECT at, action, cardinality(subjects) AS people FROM audit
WHERE actor_id = $1 AND subjects <> ARRAY[$1::bigint] ORDER BY audit_id
""",
    "limits": "SELECT kind, since, times FROM throttles WHERE user_id = $1 ORDER BY kind",
    "campaigns": """
SELECT c.campaign_id, c.name, c.created_at, r.queued_at, r.withdrawn_at, r.left_out
FROM campaign_recipients r JOIN campaigns c USING (campaign_id) WHERE r.user_id = $1 ORDER BY c.campaign_id
""",
    "messages_sent": """
SELECT created_at, settled_at, method, priority, what AS beginning, outcome, reason, message_id, doubtful, campaign_id,
       key, stranger AS before_you_were_known
FROM calls WHERE chat_id = $1 ORDER BY created_at, key
""",
    "handled_messages": "SELECT update_id, handled_at FROM inbox WHERE user_id = $1 ORDER BY handled_at",
}


async def own_data_file(db: "ReadConnection", request: ReportRequest, folder: Path) -> Made:
    """Make the person's file in the folder, packed where it is too long; its times are on their clock.

    `db` is within a transaction that sees one moment.
    """
    zone = ZoneInfo(request.zone)
    parts = {part: await db.fetch(query, request.user_id, timeout=TIMEOUT) for part, query in PARTS.items()}
    told = {part: [_plain(row, zone) for row in rows] for part, rows in parts.items()}
    made_at = datetime.fromtimestamp(request.asked_at, zone)
    everything = {"made_at": made_at, "times_are_in": request.zone, **told}
    content = msgspec.json.format(msgspec.json.encode(everything), indent=2)
    name = texts_in(request.language).say("mydata-file", date=f"{made_at:%Y-%m-%d}")
    return Made(file=_written(folder, name, content), people=[], rows=sum(map(len, parts.values())))


def _written(folder: Path, name: str, content: bytes) -> str:
    if len(content) <= FILE_LIMIT:
        (folder / name).write_bytes(content)
        return name
    packed = f"{name}.zip"
    with zipfile.ZipFile(folder / packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed


def _plain(row: "Record", zone: ZoneInfo) -> dict[str, Any]:
    """The row by its columns, what is not known left out."""
    return {
        column: value.astimezone(zone) if isinstance(value, datetime) else value
        for column, value in row.items()
        if value is not None
    }
