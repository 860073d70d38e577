"""People, their attendance and the inbox."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE employees (
        user_id bigint PRIMARY KEY,
        chat_id bigint NOT NULL,
        full_name text NOT NULL,
        enrolled_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # Append-only, but for the address that is found later. Ids of updates come again after months, so the moment is
    # part of the key.
    """
    CREATE TABLE attendance_events (
        user_id bigint NOT NULL REFERENCES employees,
        sent_at timestamptz NOT NULL,
        update_id bigint NOT NULL,
        latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
        longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
        accuracy double precision,
        address text,
        received_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, sent_at, update_id)
    )
    """,
    # A pure function of the events of (user_id, workday). boundary is the moment at which the working day ends, and
    # with it a session that a later day found open.
    """
    CREATE TABLE sessions (
        user_id bigint NOT NULL REFERENCES employees,
        workday date NOT NULL,
        ordinal bigint NOT NULL,
        boundary timestamptz NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz,
        closed_by text CHECK (closed_by IN ('tap', 'boundary')),
        start_update_id bigint NOT NULL,
        end_update_id bigint,
        start_address text,
        end_address text,
        PRIMARY KEY (user_id, workday, ordinal),
        CHECK ((end_time IS NULL) = (closed_by IS NULL)),
        CHECK (end_time >= start_time)
    )
    """,
    "CREATE INDEX idx_sessions_user_date ON sessions (user_id, start_time)",
    "CREATE UNIQUE INDEX idx_sessions_open ON sessions (user_id) WHERE end_time IS NULL",
    # What an update was answered, as JSON bytes; counts for three days, since ids of updates come again.
    """
    CREATE TABLE inbox (
        update_id bigint PRIMARY KEY,
        user_id bigint NOT NULL,
        replies bytea NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)


def upgrade() -> None:
    """Make the tables; they are new, so their indexes need not be built concurrently."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, and everything in them."""
    op.execute("DROP TABLE inbox, sessions, attendance_events, employees")
