"""The whole schema: people, what they may, where and when they work, what they did, what was asked and seen."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    # Made by the first contact with the bot or by an import; chat_id is known from the first contact on. full_name is
    # what Telegram calls the person, official_name what the company does. A person who is forgotten becomes a row
    # with a negative number and no name, so that the totals stay. unreachable_since: Telegram brings them nothing more
    # (they blocked the bot), until they write again.
    """
    CREATE TABLE employees (
        user_id bigint PRIMARY KEY,
        chat_id bigint,
        full_name text NOT NULL,
        official_name text,
        role text NOT NULL DEFAULT 'employee' CHECK (role IN ('employee', 'manager', 'admin')),
        status text NOT NULL DEFAULT 'active' CHECK (status IN ('pending', 'active', 'inactive', 'forgotten')),
        language text CHECK (language IN ('az', 'en', 'ru', 'tr')),
        telegram_language text,
        consent_version bigint,
        enrolled_at timestamptz NOT NULL DEFAULT now(),
        unreachable_since timestamptz
    )
    """,
    # The numbers of those who are forgotten, downwards from -1; a number changes in every table at once (ON UPDATE).
    "CREATE SEQUENCE forgotten_people INCREMENT -1 MAXVALUE -1 START -1",
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
        radius_m bigint NOT NULL CHECK (radius_m BETWEEN 50 AND 10000),
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
    # The log of what happened; append-only, but for the address that is found later and what retention makes coarse.
    # Ids of updates come again after months, so the moment is part of the key. An undo or an amnesty shares moment and
    # update with the location that it is about; a correction has those of the request for it, and says what holds for
    # its workday from then on.
    """
    CREATE TABLE attendance_events (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE,
        sent_at timestamptz NOT NULL,
        update_id bigint NOT NULL,
        kind text NOT NULL DEFAULT 'location'
            CHECK (kind IN ('location', 'evidence', 'undo', 'correction', 'amnesty')),
        latitude double precision CHECK (latitude BETWEEN -90 AND 90),
        longitude double precision CHECK (longitude BETWEEN -180 AND 180),
        accuracy double precision,
        live boolean NOT NULL DEFAULT false,
        coarse boolean NOT NULL DEFAULT false,
        fence text CHECK (fence IN ('inside', 'outside', 'uncertain')),
        office_id bigint REFERENCES offices ON DELETE SET NULL,
        distance_m double precision,
        address text,
        workday date,
        arrived_at timestamptz,
        left_at timestamptz,
        actor_id bigint,
        reason text,
        received_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, sent_at, update_id, kind),
        CHECK (left_at > arrived_at),
        CHECK (kind <> 'correction' OR (workday IS NOT NULL AND arrived_at IS NOT NULL))
    )
    """,
    "CREATE INDEX idx_events_corrections ON attendance_events (user_id, workday) WHERE kind = 'correction'",
    # Finds what a manager who wants to be forgotten decided about others.
    "CREATE INDEX idx_events_actor ON attendance_events (actor_id) WHERE actor_id IS NOT NULL",
    # Finds the very same point on other days or by other people.
    "CREATE INDEX idx_events_point ON attendance_events (latitude, longitude) WHERE kind = 'location' AND NOT coarse",
    "CREATE INDEX idx_events_age ON attendance_events (sent_at) WHERE NOT coarse",
    # A pure function of the events of (user_id, workday). boundary is the moment at which the working day ends, and
    # with it a session that was left open. late_seconds belongs to the day's first session: 0 on time, null where no
    # shift was due.
    """
    CREATE TABLE sessions (
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE,
        workday date NOT NULL,
        ordinal bigint NOT NULL,
        boundary timestamptz NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz,
        opened_by text NOT NULL DEFAULT 'tap' CHECK (opened_by IN ('tap', 'correction')),
        closed_by text CHECK (closed_by IN ('tap', 'boundary', 'correction')),
        start_update_id bigint NOT NULL,
        end_update_id bigint,
        start_address text,
        end_address text,
        start_fence text,
        end_fence text,
        start_office_id bigint REFERENCES offices ON DELETE SET NULL,
        end_office_id bigint REFERENCES offices ON DELETE SET NULL,
        late_seconds bigint CHECK (late_seconds >= 0),
        excused boolean NOT NULL DEFAULT false,
        PRIMARY KEY (user_id, workday, ordinal),
        CHECK ((end_time IS NULL) = (closed_by IS NULL)),
        CHECK (end_time >= start_time)
    )
    """,
    "CREATE INDEX idx_sessions_user_date ON sessions (user_id, start_time)",
    "CREATE UNIQUE INDEX idx_sessions_open ON sessions (user_id) WHERE end_time IS NULL",
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
    # What an update was answered, as JSON bytes; counts for three days, since ids of updates come again.
    """
    CREATE TABLE inbox (
        update_id bigint PRIMARY KEY,
        user_id bigint NOT NULL,
        replies bytea NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX idx_inbox_age ON inbox (handled_at)",
    "CREATE INDEX idx_inbox_person ON inbox (user_id)",
    # What became of each call to Telegram (`shared.contracts.Receipt`). A person's chat has the person's number. Keys
    # are made of updates' ids, which come again for other people, hence the chat in the key. stranger: the company did
    # not know them; then nothing of what was said is kept, and that it was said for as long as the inbox's rows.
    """
    CREATE TABLE calls (
        chat_id bigint NOT NULL,
        key text NOT NULL,
        method text NOT NULL,
        priority text NOT NULL CHECK (priority IN ('interactive', 'enrichment', 'bulk')),
        campaign_id bigint,
        what text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('sent', 'unknown', 'unreachable', 'refused', 'failed', 'expired',
                                                 'withdrawn', 'superseded')),
        reason text NOT NULL DEFAULT '',
        message_id bigint NOT NULL DEFAULT 0,
        doubtful bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        settled_at timestamptz NOT NULL,
        stranger boolean NOT NULL DEFAULT false,
        PRIMARY KEY (chat_id, key)
    )
    """,
    "CREATE INDEX idx_calls_chat ON calls (chat_id, settled_at)",
    "CREATE INDEX idx_calls_age ON calls (settled_at)",
    "CREATE INDEX idx_calls_strangers ON calls (settled_at) WHERE stranger",
    "CREATE INDEX idx_calls_campaign ON calls (campaign_id, outcome) WHERE campaign_id IS NOT NULL",
    # Messages to many. texts: by language, as they are sent, but for {name}. Of a name there is one, so that nobody
    # starts the same one twice by mistake. ends_at: from then on its messages are of no use, and none goes out.
    """
    CREATE TABLE campaigns (
        campaign_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        texts jsonb NOT NULL,
        office_id bigint REFERENCES offices ON DELETE SET NULL,
        state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'cancelled', 'done')),
        created_at timestamptz NOT NULL DEFAULT now(),
        ends_at timestamptz NOT NULL,
        CHECK (ends_at > created_at)
    )
    """,
    # Who gets it; what became of it stands in calls. queued_at: the broker holds the message. withdrawn_at: the moment
    # (calls.settled_at) of the withdrawal after which it is, or will be, queued again. left_out: why it never is.
    """
    CREATE TABLE campaign_recipients (
        campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES employees ON UPDATE CASCADE ON DELETE CASCADE,
        queued_at timestamptz,
        withdrawn_at timestamptz,
        left_out text CHECK (left_out IN ('left', 'unreachable', 'expired')),
        PRIMARY KEY (campaign_id, user_id)
    )
    """,
    "CREATE INDEX idx_campaign_recipients_person ON campaign_recipients (user_id)",
)

TABLES = (  # in the order in which they are made
    "employees",
    "consents",
    "offices",
    "pending_offices",
    "employee_offices",
    "office_managers",
    "schedules",
    "schedule_assignments",
    "holidays",
    "attendance_events",
    "sessions",
    "corrections",
    "invites",
    "invite_uses",
    "absences",
    "reminders",
    "audit",
    "throttles",
    "inbox",
    "calls",
    "campaigns",
    "campaign_recipients",
)


def upgrade() -> None:
    """Make the tables; they are new, so their indexes need not be built concurrently."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, and everything in them."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE forgotten_people")
