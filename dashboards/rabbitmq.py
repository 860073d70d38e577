"""Owns the panels of RabbitMQ, as its own exporter tells it."""

from typing import Final

from dashboards.kinds import Figure, Lines
from dashboards.page import Row
from dashboards.panel import Limits
from dashboards.questions import WAITING, per_second
from ops.rules.engines import NEARLY
from shared.topology import WORK_QUEUES


def _fullest() -> str:
    """The share of its bound that the fullest queue holds."""
    bounds: dict[int, list[str]] = {}
    for queue in WORK_QUEUES:
        bounds.setdefault(queue.max_length, []).append(queue.name.replace(".", r"\\."))
    shares = (f'{WAITING}{{queue=~"{"|".join(names)}"}} / {bound}' for bound, names in bounds.items())
    return f"max({' or '.join(shares)})"


MEMORY: Final = Figure(
    title="RabbitMQ's memory",
    normal="Under half of its limit. At 100 % it takes nothing from publishers, and webhooks get 503.",
    queries={"": "max(rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes)"},
    width=4,
    unit="percentunit",
    limits=Limits(1, NEARLY),
    runbooks=("RabbitMQAlarm",),
)
DISK: Final = Figure(
    title="RabbitMQ's disk, times its limit",
    normal="Many times the limit below which it takes nothing from publishers.",
    queries={"": "min(rabbitmq_disk_space_available_bytes / rabbitmq_disk_space_available_limit_bytes)"},
    width=4,
    unit="none",
    decimals=1,
    limits=Limits(1, 1 / NEARLY, falling=True),
    runbooks=("RabbitMQAlarm",),
)
ALARMS: Final = Figure(
    title="RabbitMQ's alarms",
    normal="None: it takes what comes.",
    queries={
        "memory": "max(rabbitmq_alarms_memory_used_watermark)",
        "disk": "max(rabbitmq_alarms_free_disk_space_watermark)",
    },
    width=4,
    limits=Limits(1),
    runbooks=("RabbitMQAlarm",),
)
CONSUMERS: Final = Figure(
    title="Consumers of updates",
    normal="One for each check-in worker. 0, and nobody is recorded.",
    queries={"": 'max(rabbitmq_detailed_queue_consumers{queue="updates"})'},
    width=4,
    limits=Limits(1, 2, falling=True),
    runbooks=("UpdatesNotHandled",),
)
FULLEST: Final = Figure(
    title="The fullest queue",
    normal=f"Near 0 % of its bound. From {NEARLY:.0%} on look; full, it refuses more, and nothing is lost.",
    queries={"": _fullest()},
    width=4,
    unit="percentunit",
    decimals=1,
    limits=Limits(1, NEARLY),
    runbooks=("QueueNearlyFull",),
)
LINKS: Final = Figure(
    title="Connections to RabbitMQ",
    normal="Two of each process, and they stay. When they come and go, look at both ends' logs.",
    queries={"": "sum(rabbitmq_connections)"},
    width=4,
    runbooks=("TargetDown",),
)
MESSAGES: Final = Lines(
    title="Messages by queue",
    normal="What waits and what is in hand. Where it is long is where it is slow.",
    queries={"{{queue}}": f'max by (queue) ({WAITING}{{queue!~"(dead|retry|alone)\\\\..+|.+\\\\.turn"}})'},
    width=8,
    runbooks=("QueueNearlyFull", "UpdatesNotHandled", "RepliesStuck"),
)
FLOW: Final = Lines(
    title="Messages a second",
    normal="All rise and fall together; /readyz publishes a little too. Not confirmed: RabbitMQ cannot write.",
    queries={
        "published": per_second("rabbitmq_global_messages_received_confirm_total"),
        "confirmed": per_second("rabbitmq_global_messages_confirmed_total"),
        "delivered": per_second("rabbitmq_global_messages_delivered_total"),
        "acknowledged": per_second("rabbitmq_global_messages_acknowledged_total"),
    },
    width=8,
    unit="cps",
)
BACK: Final = Lines(
    title="Messages that come back",
    normal="0. Delivered again: a consumer died, or lost its channel. Given up: too often; a dead letter now.",
    queries={
        "delivered again": per_second("rabbitmq_global_messages_redelivered_total"),
        "given up": per_second("rabbitmq_global_messages_dead_lettered_delivery_limit_total"),
    },
    width=8,
    unit="cps",
    runbooks=("RetriesGrow", "DeadLetters"),
)
ROWS: Final = (
    Row("RabbitMQ", 4, (MEMORY, DISK, ALARMS, CONSUMERS, FULLEST, LINKS)),
    Row("What goes through RabbitMQ", 8, (MESSAGES, FLOW, BACK)),
)
