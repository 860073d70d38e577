"""Owns the panels of Redis, by redis_exporter and as the services meet it."""

from typing import Final

from dashboards.kinds import Figure, Lines
from dashboards.page import Row
from dashboards.panel import Limits
from dashboards.questions import per_second
from ops.rules.engines import UNANSWERED

UP: Final = Figure(
    title="Redis that answers",
    normal="1, in the cluster 3. Without it addresses are asked for anew; nothing is lost.",
    queries={"": "sum(redis_up)"},
    width=4,
    limits=Limits(1, falling=True),
    runbooks=("RedisAway",),
)
UNANSWERED_QUESTIONS: Final = Figure(
    title="Redis leaves unanswered",
    normal="0 questions a second, as the services meet it.",
    queries={"": "sum(rate(fleet_cache_failures_total[2m]))"},
    width=4,
    unit="cps",
    decimals=2,
    limits=Limits(UNANSWERED),
    runbooks=("RedisAway",),
)
MEMORY: Final = Lines(
    title="Redis' memory",
    normal="Under its bound, where it has one; there it forgets what was not asked for longest.",
    queries={"used, {{instance}}": "redis_memory_used_bytes", "bound, {{instance}}": "redis_memory_max_bytes"},
    width=8,
    unit="bytes",
    runbooks=("RedisAway",),
)
COMMANDS: Final = Lines(
    title="Commands a second, and what is forgotten",
    normal="Some for each check-in. Evicted: its memory is full, and addresses are asked for again.",
    queries={
        "commands": per_second("redis_commands_processed_total"),
        "evicted": per_second("redis_evicted_keys_total"),
    },
    width=8,
    unit="cps",
)
ROWS: Final = (Row("Redis", 6, (UP, UNANSWERED_QUESTIONS, MEMORY, COMMANDS)),)
