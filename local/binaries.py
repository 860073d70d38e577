"""Owns where the engines' programs are: Debian's own places first, then the PATH."""

import shutil
from pathlib import Path


class NotInstalledError(Exception):
    """A program is missing; says how to get it."""


def postgres(name: str) -> str:
    """A program of the newest PostgreSQL; Debian keeps them out of the PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda program: float(program.parent.parent.name),
    )
    return str(versions[-1]) if versions else _in_path(name)


def rabbitmq_server() -> str:
    """The server's own script: the one in /usr/sbin changes the user."""
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(script) if script.exists() else _in_path("rabbitmq-server")


def rabbitmqctl() -> str:
    """RabbitMQ's own tool for a running node; as above."""
    script = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
    return str(script) if script.exists() else _in_path("rabbitmqctl")


def epmd() -> str:
    """Erlang's port mapper."""
    return _in_path("epmd")


def redis_server() -> str:
    """Redis."""
    return _in_path("redis-server")


def pgbouncer() -> str:
    """PgBouncer."""
    return _in_path("pgbouncer")


def prometheus() -> str:
    """Prometheus."""
    return _in_path("prometheus")


def promtool() -> str:
    """Prometheus' judge of configurations and rules."""
    return _in_path("promtool")


def postgres_exporter() -> str:
    """What tells Prometheus of PostgreSQL."""
    return _in_path("prometheus-postgres-exporter")


def redis_exporter() -> str:
    """What tells Prometheus of Redis."""
    return _in_path("prometheus-redis-exporter")


def _in_path(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/local/bin:/usr/sbin:/usr/bin")
    if found is None:
        raise NotInstalledError(f"{name} is not installed: `make setup` installs it on Debian.")
    return found
