"""Owns which engines a ground is made of: this machine's own, or newer ones."""

from typing import Final, NamedTuple

from local.postgres import Postgres
from local.redis import Redis
from local.replica import Replica
from tests.faults.cluster import Node, QuickRabbitMQ


class Kinds(NamedTuple):
    """The class of each engine."""

    postgres: type[Postgres]
    replica: type[Replica]
    redis: type[Redis]
    rabbitmq: type[QuickRabbitMQ]
    node: type[Node]


OWN: Final = Kinds(Postgres, Replica, Redis, QuickRabbitMQ, Node)
