"""Owns the alerts of the engines: RabbitMQ by its own exporter, PostgreSQL and Redis as the services meet them."""

from typing import Final

from ops.rules.rule import Alert, Group
from shared.topology import WORK_QUEUES

NEARLY: Final = 0.8
"""The share of a limit from which it is near."""
GOAL: Final = 0.05
"""Seconds that a task may wait for a database connection."""
LAG: Final = 30
"""Seconds by which a replica may be behind."""
UNANSWERED: Final = 0.05
"""Questions a second that Redis may leave unanswered."""


def _nearly_full() -> str:
    """The queues of work that hold so much of what they may, those with the same bound together."""
    bounds: dict[int, list[str]] = {}
    for queue in WORK_QUEUES:
        bounds.setdefault(queue.max_length, []).append(queue.name)
    return "\nor ".join(
        f'max by (queue) (rabbitmq_detailed_queue_messages{{queue=~"{"|".join(names)}"}}) > {NEARLY * bound:.0f}'
        for bound, names in bounds.items()
    )


ALERTS: Final = (
    Alert(
        name="RabbitMQAlarm",
        severity="page",
        expr="""
            max by (instance) (rabbitmq_alarms_memory_used_watermark) == 1
            or max by (instance) (rabbitmq_alarms_free_disk_space_watermark) == 1
        """,
        lasts="1m",
        summary="RabbitMQ takes nothing from publishers",
        description="{{ $labels.instance }} is short of memory or disk: webhooks get 503 until it is not.",
    ),
    Alert(
        name="QueueNearlyFull",
        severity="ticket",
        expr=_nearly_full(),
        lasts="5m",
        summary="{{ $labels.queue }} is nearly full",
        description="{{ $value }} messages wait. At its bound RabbitMQ refuses more: nothing is lost, all waits.",
    ),
    Alert(
        name="DatabasePoolWaits",
        severity="ticket",
        expr=f"""
            histogram_quantile(
              0.99,
              sum by (service, le) (rate(fleet_pool_wait_seconds_bucket{{server="primary"}}[5m]))
            ) > {GOAL}
        """,
        lasts="10m",
        summary="{{ $labels.service }} waits for database connections",
        description=(
            f"One task of a hundred waits {{{{ $value | humanizeDuration }}}} for a connection; the goal is {GOAL} s."
        ),
    ),
    Alert(
        name="PostgreSQLConnections",
        severity="ticket",
        # CloudNativePG's exporter, or Compose's.
        expr=f"""
            (
              sum by (pod) (cnpg_backends_total)
              / on (pod) max by (pod) (cnpg_pg_settings_setting{{name="max_connections"}})
              or
              sum by (instance) (pg_stat_activity_count)
              / on (instance) max by (instance) (pg_settings_max_connections)
            ) > {NEARLY}
        """,
        lasts="5m",
        summary="{{ $labels.pod }}{{ $labels.instance }} is running out of connections",
        description="{{ $value | humanizePercentage }} of max_connections are open; beyond them new ones are refused.",
    ),
    Alert(
        name="ReplicaBehind",
        severity="ticket",
        expr=f"max by (server) (fleet_replica_lag_seconds) > {LAG}",
        lasts="5m",
        summary="Replica {{ $labels.server }} is away or behind",
        description="It shows what was so {{ $value | humanizeDuration }} ago; others serve its reads meanwhile.",
    ),
    Alert(
        name="RedisAway",
        severity="ticket",
        expr=f"sum(rate(fleet_cache_failures_total[2m])) > {UNANSWERED}",
        lasts="5m",
        summary="Redis does not answer",
        description="Addresses are asked for anew, reminders wait, and a takeover of the sender may repeat a reply.",
    ),
)
GROUP: Final = Group("engines", ALERTS)
