"""Owns the panels of PostgreSQL: by CloudNativePG in the cluster, by postgres_exporter in Compose."""

from typing import Final

from dashboards.kinds import Figure, Lines
from dashboards.page import Row
from dashboards.panel import Limits
from dashboards.questions import or_nobody, per_second, quantiles
from ops.rules.engines import GOAL, LAG, NEARLY


def either(ours: str, operators: str) -> str:
    """Of postgres_exporter, or of CloudNativePG."""
    return f"({ours})\nor\n({operators})"


CONNECTIONS: Final = Figure(
    title="PostgreSQL's connections",
    normal=f"Under half of max_connections. From {NEARLY:.0%} on a rollout may find none free.",
    queries={
        "": either(
            "max(sum by (instance) (pg_stat_activity_count) / on (instance) pg_settings_max_connections)",
            "max(sum by (pod) (cnpg_backends_total)"
            ' / on (pod) max by (pod) (cnpg_pg_settings_setting{name="max_connections"}))',
        )
    },
    width=4,
    unit="percentunit",
    limits=Limits(1, NEARLY),
    runbooks=("PostgreSQLConnections",),
)
OF_PRIMARY: Final = quantiles("fleet_pool_wait_seconds", '{server="primary"}', "service")
POOL_WAIT: Final = Figure(
    title="A wait for a connection, p99",
    normal=f"Under {GOAL} s at the primary: what the fleet feels of PostgreSQL first.",
    # 0 where nobody asked for one.
    queries={"": f"max({OF_PRIMARY['{{service}} p99']} >= 0) or 0 * max(fleet_pool_limit)"},
    width=4,
    unit="s",
    decimals=3,
    limits=Limits(GOAL, NEARLY * GOAL),
    runbooks=("DatabasePoolWaits",),
)
REPLICAS: Final = Figure(
    title="The replica furthest behind",
    normal=f"Under a second. From {LAG} s on it is away, and the others and the primary serve its reads.",
    # 0 where there is none.
    queries={"": "max(fleet_replica_lag_seconds) or 0 * max(fleet_pool_limit)"},
    width=4,
    unit="s",
    decimals=1,
    limits=Limits(LAG, 1),
    runbooks=("ReplicaBehind",),
)
LONGEST: Final = Figure(
    title="The longest transaction",
    normal="Under a second; a backup or a report some minutes, on a replica. One that stays keeps others waiting.",
    queries={"": either("max(pg_stat_activity_max_tx_duration)", "max(cnpg_backends_max_tx_duration_seconds)")},
    width=4,
    unit="s",
    decimals=1,
    runbooks=("DatabasePoolWaits",),
)
DEADLOCKS: Final = Figure(
    title="Deadlocks, in an hour",
    normal="0: locks are taken in one order.",
    queries={
        "": either(
            "sum(increase(pg_stat_database_deadlocks[1h]))",
            "sum(increase(cnpg_pg_stat_database_deadlocks[1h]))",
        )
    },
    width=4,
    limits=Limits(1),
    runbooks=("RetriesGrow",),
)
SIZE: Final = Figure(
    title="The largest database",
    normal="Some KiB for each check-in, kept for years: `fleet plan` says how much.",
    queries={"": either("max(pg_database_size_bytes)", "max(cnpg_pg_database_size_bytes)")},
    width=4,
    unit="bytes",
)
TRANSACTIONS: Final = Lines(
    title="Transactions a second",
    normal="One committed for each update, and some for addresses. A rollback is a check-in that is tried again.",
    queries={
        "committed": either(
            per_second("pg_stat_database_xact_commit"), per_second("cnpg_pg_stat_database_xact_commit")
        ),
        "rolled back": either(
            per_second("pg_stat_database_xact_rollback"), per_second("cnpg_pg_stat_database_xact_rollback")
        ),
    },
    width=8,
    unit="cps",
)
STATES: Final = Lines(
    title="Connections by state",
    normal="Most are idle. idle in transaction must be a moment only: somebody holds locks and does nothing.",
    queries={
        "{{state}}": either("sum by (state) (pg_stat_activity_count)", "sum by (state) (cnpg_backends_total)"),
    },
    width=8,
    runbooks=("PostgreSQLConnections",),
)
POOLS: Final = Lines(
    title="The fleet's pools: used of what they may",
    normal="Well under 100 %. At 100 % tasks wait for each other.",
    queries={
        "{{service}}": (
            'sum by (service) (fleet_pool_connections{server="primary", state="used"})'
            ' / sum by (service) (fleet_pool_limit{server="primary"})'
        )
    },
    width=8,
    unit="percentunit",
    limits=Limits(1, NEARLY),
    runbooks=("DatabasePoolWaits",),
)
WAITS: Final = Lines(
    title="Waits for a connection",
    normal=f"p99 under {GOAL} s, the dashed line.",
    queries=OF_PRIMARY,
    width=8,
    unit="s",
    limits=Limits(GOAL),
    runbooks=("DatabasePoolWaits",),
)
READS: Final = Lines(
    title="Who serves reads",
    normal="Replicas, nearly all. The primary serves what no replica has reached yet.",
    queries={"{{source}}": or_nobody(per_second("fleet_reads_total", "source"), "source", "none yet")},
    width=8,
    unit="cps",
    runbooks=("ReplicaBehind",),
)
LAGS: Final = Lines(
    title="How far replicas are behind",
    normal=f"Under a second. The dashed line, {LAG} s, is where they are left alone.",
    queries={"{{server}}": or_nobody("max by (server) (fleet_replica_lag_seconds)", "server", "no replica")},
    width=8,
    unit="s",
    limits=Limits(LAG),
    runbooks=("ReplicaBehind",),
)
ROWS: Final = (
    Row("PostgreSQL", 4, (CONNECTIONS, POOL_WAIT, REPLICAS, LONGEST, DEADLOCKS, SIZE)),
    Row("What PostgreSQL does", 7, (TRANSACTIONS, STATES, POOLS)),
    Row("What the fleet feels of it", 7, (WAITS, READS, LAGS)),
)
