"""Owns the word `fleet plan`: what a morning takes, before it comes. It reads settings and asks no engine."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from ops.plan.rush import Cap
from ops.plan.sizes import Plan
from ops.plan.timetable import cron
from ops.plan.words import told
from ops.settings import PlanSettings
from ops.terminal import say
from shared.settings import read

MOST_PEOPLE: Final = 100_000_000
HALF_A_DAY: Final = 12 * 3600
MINUTE: Final = 60.0
POSTGRES_DEFAULT: Final = 100
"""max_connections of a PostgreSQL that nobody has configured."""


class Shape(StrEnum):
    """How people come: evenly over the window, or all of them in its last minute."""

    EVEN = "even"
    MINUTE = "minute"


Employees = Annotated[int, typer.Option(min=1, max=MOST_PEOPLE, metavar="N", help="People who check in.")]
Window = Annotated[
    float, typer.Option(min=0, max=HALF_A_DAY, metavar="SECONDS", help="How long they take to come; 0 is all at once.")
]
Shaped = Annotated[Shape, typer.Option(help="Evenly within the window, or everybody in the last minute of it.")]
Connections = Annotated[
    int, typer.Option(min=1, metavar="N", help="PostgreSQL's max_connections, which the pools must fit into.")
]


def plan(
    employees: Employees = 1000,
    window: Window = 300,
    shape: Shaped = Shape.EVEN,
    max_connections: Connections = POSTGRES_DEFAULT,
) -> None:
    """Say what a morning takes: how soon replies come, how many wait, copies, connections, memory, KEDA's cron.

    It computes from SENDER_RATE, SENDER_GUARD_MS, DB_POOL_MAX, CHECKIN_DEADLINE and TIMEZONE, and reaches no engine.
    docs/scale.md says by which formulas, and what they are based on.
    """
    settings = read(PlanSettings)
    seconds = min(window, MINUTE) if shape is Shape.MINUTE else window
    morning = Plan(employees, seconds, Cap(settings.sender_rate, settings.guard))
    trigger = cron(settings.checkin_deadline, seconds, settings.timezone, morning.copies["checkin_worker"])
    say(told(morning, trigger, settings.db_pool_max, max_connections))
