"""A company: who its people are and may do, where and when they work, what was asked, decided and seen."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    # Made by the first contact with the bot or by an import; chat_id is known from the first contact on. full_name is
    # what Telegram calls the person, official_name what the company does. A person who is forgotten becomes a row
    # with a negative number and no name, so that the totals stay.
    """
    ALTER TABLE employees
        ALTER COLUMN chat_id DROP NOT NULL,
        ADD COLUMN official_name text,
        ADD COLUMN role text NOT NULL DEFAULT 'employee' CHECK (role IN ('employee', 'manager', 'admin')),
        ADD COLUMN status text NOT NULL DEFAULT 'active'
            CHECK (status IN ('pending', 'active', 'inactive', 'forgotten')),
        ADD COLUMN language text CHECK (language IN ('az', 'en', 'ru', 'tr')),
        ADD COLUMN telegram_language text,
        ADD COLUMN consent_version bigint
    """,
    # Whoever is forgotten gets another number in every table at once.
    """
    ALTER TABLE attendance_events
        DROP CONSTRAINT attendance_events_user_id_fkey,
        ADD CONSTRAINT attendance_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES employees ON UPDATE CASCADE
    """,
    """
    ALTER TABLE sessions
        DROP CONSTRAINT sessions_user_id_fkey,
        ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES employees ON UPDATE CASCADE
    """,
    """
    CREATE TABLE consents (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE,
        version bigint NOT NULL,
        language text NOT NULL,
        accepted_at timestamptz NOT NULL,
        PRIMARY KEY (user_id, version)
    )
    """,
    # An office that was removed keeps its row, since what happened there still says where.
    """
    CREATE TABLE offices (
        office_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
        longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
        radius_m bigint NOT NULL CHECK (radius_m BETWEEN 10 AND 10000),
        timezone text NOT NULL,
        address text,
        removed_at timestamptz
    )
    """,
    # What a manager is asked the place of: the next location of theirs within minutes is it, and no check-in.
    """
    CREATE TABLE pending_offices (
        user_id bigint PRIMARY KEY REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        name text NOT NULL,
        radius_m bigint NOT NULL,
        timezone text NOT NULL,
        asked_at timestamptz NOT NULL
    )
    """,
    # Where a person works, the first one (by position) at home. Nobody's row: every office is theirs.
    """
    CREATE TABLE employee_offices (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        office_id bigint NOT NULL REFERENCES offices ON DELETE CASCADE,
        position bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (user_id, office_id)
    )
    """,
    "CREATE INDEX idx_employee_offices_office ON employee_offices (office_id)",
    """
    CREATE TABLE office_managers (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        office_id bigint NOT NULL REFERENCES offices ON DELETE CASCADE,
        PRIMARY KEY (user_id, office_id)
    )
    """,
    # ends at or before starts: on the next day. weekdays are ISO's, Monday 1. country: whose public holidays are days
    # off, none if empty. No timezone: that of the person's first office, or the company's.
    """
    CREATE TABLE schedules (
        schedule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        starts time NOT NULL,
        ends time NOT NULL,
        grace_minutes bigint NOT NULL DEFAULT 0 CHECK (grace_minutes BETWEEN 0 AND 720),
        weekdays bigint[] NOT NULL DEFAULT '{1,2,3,4,5}' CHECK (weekdays <@ '{1,2,3,4,5,6,7}'),
        country text,
        timezone text,
        CHECK (starts <> ends)
    )
    """,
    """
    CREATE TABLE schedule_assignments (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        since date NOT NULL,
        schedule_id bigint NOT NULL REFERENCES schedules,
        PRIMARY KEY (user_id, since)
    )
    """,
    # The company's exceptions: a day off that no calendar knows, or a holiday on which people work.
    "CREATE TABLE holidays (day date PRIMARY KEY, off boolean NOT NULL, name text NOT NULL)",
    # The log of what happened. An undo or an amnesty shares moment and update with the location that it is about; a
    # correction has those of the request for it, and says what holds for its workday from then on.
    """
    ALTER TABLE attendance_events
        DROP CONSTRAINT attendance_events_pkey,
        ADD COLUMN kind text NOT NULL DEFAULT 'location'
            CHECK (kind IN ('location', 'evidence', 'undo', 'correction', 'amnesty')),
        ALTER COLUMN latitude DROP NOT NULL,
        ALTER COLUMN longitude DROP NOT NULL,
        ADD COLUMN live boolean NOT NULL DEFAULT false,
        ADD COLUMN fence text CHECK (fence IN ('inside', 'outside', 'uncertain')),
        ADD COLUMN office_id bigint REFERENCES offices ON DELETE SET NULL,
        ADD COLUMN distance_m double precision,
        ADD COLUMN coarse boolean NOT NULL DEFAULT false,
        ADD COLUMN workday date,
        ADD COLUMN arrived_at timestamptz,
        ADD COLUMN left_at timestamptz,
        ADD COLUMN actor_id bigint,
        ADD COLUMN reason text,
        ADD PRIMARY KEY (user_id, sent_at, update_id, kind),
        ADD CHECK (left_at > arrived_at),
        ADD CHECK (kind <> 'correction' OR (workday IS NOT NULL AND arrived_at IS NOT NULL))
    """,
    "CREATE INDEX idx_events_corrections ON attendance_events (user_id, workday) WHERE kind = 'correction'",
    # Finds what a manager who wants to be forgotten decided about others.
    "CREATE INDEX idx_events_actor ON attendance_events (actor_id) WHERE actor_id IS NOT NULL",
    # Finds the very same point on other days or by other people.
    "CREATE INDEX idx_events_point ON attendance_events (latitude, longitude) WHERE kind = 'location' AND NOT coarse",
    "CREATE INDEX idx_events_age ON attendance_events (sent_at) WHERE NOT coarse",
    # late_seconds belongs to the day's first session: 0 on time, null where no shift was due.
    """
    ALTER TABLE sessions
        DROP CONSTRAINT sessions_closed_by_check,
        ADD CONSTRAINT sessions_closed_by_check CHECK (closed_by IN ('tap', 'boundary', 'correction')),
        ADD COLUMN opened_by text NOT NULL DEFAULT 'tap' CHECK (opened_by IN ('tap', 'correction')),
        ADD COLUMN late_seconds bigint CHECK (late_seconds >= 0),
        ADD COLUMN excused boolean NOT NULL DEFAULT false,
        ADD COLUMN start_fence text,
        ADD COLUMN end_fence text,
        ADD COLUMN start_office_id bigint REFERENCES offices ON DELETE SET NULL,
        ADD COLUMN end_office_id bigint REFERENCES offices ON DELETE SET NULL
    """,
    "CREATE INDEX idx_sessions_workday ON sessions (workday, user_id)",
    """
    CREATE TABLE corrections (
        correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        workday date NOT NULL,
        arrived_at timestamptz NOT NULL,
        left_at timestamptz CHECK (left_at > arrived_at),
        reason text NOT NULL,
        asked_at timestamptz NOT NULL,
        update_id bigint NOT NULL,
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected')),
        decided_by bigint,
        decided_at timestamptz,
        UNIQUE (user_id, asked_at, update_id)
    )
    """,
    """
    CREATE TABLE invites (
        invite_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        created_by bigint NOT NULL,
        office_id bigint REFERENCES offices ON DELETE SET NULL,
        uses_left bigint NOT NULL CHECK (uses_left >= 0),
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE invite_uses (
        invite_id bigint NOT NULL REFERENCES invites ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        used_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (invite_id, user_id)
    )
    """,
    # Marked after the deadline; whoever comes all the same has a session beside it.
    """
    CREATE TABLE absences (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        workday date NOT NULL,
        marked_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, workday)
    )
    """,
    # A row is a claim: nobody is reminded twice of the same. queued_at once the broker holds the message.
    """
    CREATE TABLE reminders (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        workday date NOT NULL,
        kind text NOT NULL CHECK (kind IN ('checkin', 'checkout')),
        claimed_at timestamptz NOT NULL DEFAULT now(),
        queued_at timestamptz,
        PRIMARY KEY (user_id, workday, kind)
    )
    """,
    # Who looked at, or decided about, whose data. subjects: the people's ids.
    """
    CREATE TABLE audit (
        audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        actor_id bigint NOT NULL,
        action text NOT NULL,
        subjects bigint[] NOT NULL,
        update_id bigint NOT NULL,
        UNIQUE (actor_id, update_id, action)
    )
    """,
    "CREATE INDEX idx_audit_subjects ON audit USING gin (subjects)",
    # What is said to a person only so often: how often since when, by kind. Of strangers too, so no reference.
    """
    CREATE TABLE throttles (
        user_id bigint NOT NULL,
        kind text NOT NULL,
        since timestamptz NOT NULL,
        times bigint NOT NULL,
        PRIMARY KEY (user_id, kind)
    )
    """,
    "CREATE INDEX idx_inbox_age ON inbox (handled_at)",
    "CREATE INDEX idx_inbox_person ON inbox (user_id)",
    # The numbers of those who are forgotten, downwards from -1.
    "CREATE SEQUENCE forgotten_people INCREMENT -1 MAXVALUE -1 START -1",
)


def upgrade() -> None:
    """Add the company around the people.

    Nothing here is built concurrently: this release is the first whose tables can be large.
    """
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Go back to people, taps and sessions; what only the company knows is lost."""
    for statement in (
        "DROP SEQUENCE forgotten_people",
        "DROP INDEX idx_inbox_person, idx_inbox_age, idx_sessions_workday",
        """
        DROP TABLE throttles, audit, reminders, absences, invite_uses, invites, corrections, schedule_assignments,
                   schedules, holidays, consents, office_managers, employee_offices, pending_offices
        """,
        "DELETE FROM attendance_events WHERE kind <> 'location' OR latitude IS NULL",
        """
        ALTER TABLE attendance_events
            DROP CONSTRAINT attendance_events_pkey,
            DROP COLUMN kind, DROP COLUMN live, DROP COLUMN fence, DROP COLUMN office_id, DROP COLUMN distance_m,
            DROP COLUMN coarse, DROP COLUMN workday, DROP COLUMN arrived_at, DROP COLUMN left_at,
            DROP COLUMN actor_id, DROP COLUMN reason,
            ALTER COLUMN latitude SET NOT NULL,
            ALTER COLUMN longitude SET NOT NULL,
            ADD PRIMARY KEY (user_id, sent_at, update_id)
        """,
        "UPDATE sessions SET closed_by = 'tap' WHERE closed_by = 'correction'",
        """
        ALTER TABLE sessions
            DROP CONSTRAINT sessions_closed_by_check,
            ADD CONSTRAINT sessions_closed_by_check CHECK (closed_by IN ('tap', 'boundary')),
            DROP COLUMN opened_by, DROP COLUMN late_seconds, DROP COLUMN excused, DROP COLUMN start_fence,
            DROP COLUMN end_fence, DROP COLUMN start_office_id, DROP COLUMN end_office_id
        """,
        "DROP TABLE offices",
        "UPDATE employees SET chat_id = user_id WHERE chat_id IS NULL",
        """
        ALTER TABLE employees
            ALTER COLUMN chat_id SET NOT NULL,
            DROP COLUMN official_name, DROP COLUMN role, DROP COLUMN status, DROP COLUMN language,
            DROP COLUMN telegram_language, DROP COLUMN consent_version
        """,
    ):
        op.execute(statement)
