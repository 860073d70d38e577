"""Owns the check of the pool's budget: whether PostgreSQL has a connection for each that the processes may open."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ops.doctor.findings import EngineAway, Finding, Unknown, ok, unchecked, warning, wrong
from ops.doctor.postgresql import NAME, connected, primary
from ops.doctor.queues import depths
from ops.doctor.rabbitmq import connected as broker
from ops.doctor.surroundings import Surroundings
from ops.plan.connections import Claim
from shared.connecting import Servers
from shared.settings import DatabaseSettings
from shared.topology import GEO_TURN, UPDATES

if TYPE_CHECKING:
    from ops.doctor.postgresql import Connection

GEO_WORKERS: Final = 2
"""As many as there usually are, where one is active: RabbitMQ does not tell of those that wait for its right."""
DEFAULT_PORT: Final = 5432

# reserved_connections is new in PostgreSQL 16. Of a pooler's server the port is another one than ours.
ROOM: Final = """
SELECT sum(setting::bigint) FILTER (WHERE name = 'max_connections') AS most,
       sum(setting::bigint) FILTER (WHERE name <> 'max_connections') AS reserved,
       inet_server_port() AS port
FROM pg_settings WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""
# Who is not allowed to see the kind of others' backends sees NULL.
CONNECTED: Final = """
SELECT coalesce(usename, '') AS login, coalesce(application_name, '') AS application,
       datname = current_database() AS ours, count(*) AS number
FROM pg_stat_activity
WHERE datname IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' AND application_name <> $1
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2
"""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server has.

    Attributes:
        name: for people.
        most: its max_connections.
        reserved: those that only superusers and the like get.
        others: those that clients of its other databases hold now.
        pooled: something stands between us and it, which may well share its connections.
    """

    name: str
    most: int
    reserved: int
    others: int
    pooled: bool = False

    @property
    def room(self) -> int:
        """Connections that the fleet can get."""
        return self.most - self.reserved - self.others


async def pool(around: Surroundings) -> Sequence[Finding]:
    """Compare the claim with each server's room, and say who is connected now."""
    settings = around.of(DatabaseSettings)
    claim = await _claim(around, settings.db_pool_max)
    async with primary(around) as db:
        server, now = await _look(db, settings.database_url.get_secret_value(), "the primary")
    readers = replace(claim, geo_workers=0)
    replicas = (_on_replica(url, f"replica {number}", readers) for number, url in enumerate(settings.replica_urls, 1))
    return [judge(server, claim), tell_connected(now), *await asyncio.gather(*replicas)]


async def _on_replica(url: str, name: str, claim: Claim) -> Finding:
    try:
        async with connected(url, name) as db:
            return judge((await _look(db, url, name))[0], claim)
    except EngineAway as away:
        return unchecked(str(away))


def judge(server: Server, claim: Claim) -> Finding:
    """Whether every process may open all that it is allowed to."""
    others = f", less {server.others} of other databases" if server.others else ""
    room = f"{server.name} has {server.room:,} ({server.most:,}, less {server.reserved} reserved{others})"
    said = f"{claim} = {claim.total:,} connections at most; {room}"
    if claim.total <= server.room:
        return ok(said)
    if server.pooled:
        return warning(f"{said}, and a pooler stands before it", "see that the pooler opens no more than there are")
    most = claim.total + server.reserved + server.others
    lesser = f"DB_POOL_MAX={fitting}, or " if (fitting := claim.fitting(server.room)) > 0 else ""
    return wrong(f"too many: {said}", f"{lesser}max_connections = {most} there, or a pooler in between")


def tell_connected(now: Mapping[str, int]) -> Finding:
    """Who is connected, by login and application."""
    told = ", ".join(f"{who} {number}" for who, number in now.items())
    return ok(f"connected to this database now: {told or 'nobody'}")


async def _claim(around: Surroundings, most: int) -> Claim:
    """For as many workers and geo workers as was said, or as RabbitMQ sees."""
    workers, geo_workers = around.workers, around.geo_workers
    if workers is None or geo_workers is None:
        async with broker(around) as connection:
            seen = await depths(connection, [UPDATES.name, GEO_TURN.name])
        there = {queue: seen[queue.name].consumers if queue.name in seen else 0 for queue in (UPDATES, GEO_TURN)}
        workers = there[UPDATES] if workers is None else workers
        geo_workers = (GEO_WORKERS if there[GEO_TURN] else 0) if geo_workers is None else geo_workers
    if not workers:
        raise Unknown("no check-in worker is there to be counted: say --workers and --geo-workers")
    return Claim(workers, geo_workers, most)


async def _look(db: "Connection", url: str, name: str) -> tuple[Server, dict[str, int]]:
    """The server, and who is connected to our database, by login and application."""
    row = await db.fetchrow(ROOM)
    assert row is not None  # noqa: S101 - an aggregate has one row
    held = await db.fetch(CONNECTED, NAME)
    others = sum(one["number"] for one in held if not one["ours"])
    elsewhere = row["port"] is not None and row["port"] not in _ports(url)
    pooled = elsewhere or Servers(url).pooled
    now = {f"{one['login']} {one['application']}".strip(): one["number"] for one in held if one["ours"]}
    return Server(name, int(row["most"]), int(row["reserved"]), others, pooled), now


def _ports(url: str) -> set[int]:
    hosts = urlsplit(url).netloc.rpartition("@")[2].split(",")
    return {urlsplit(f"//{host}").port or DEFAULT_PORT for host in hosts}
