"""Owns "The engines": RabbitMQ, PostgreSQL, Redis and geocoders, and what the fleet feels of them."""

from typing import Final

from dashboards import addresses, postgresql, rabbitmq, redis
from dashboards.page import Page

ENGINES: Final = Page(
    uid="fleet-engines",
    title="The engines",
    description="RabbitMQ, PostgreSQL, Redis and geocoders. Each panel says what is normal.",
    rows=(*rabbitmq.ROWS, *postgresql.ROWS, *redis.ROWS, *addresses.ROWS),
)
