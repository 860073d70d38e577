"""Owns a stand-in for the exporter that CloudNativePG runs beside PostgreSQL: a real server, asked the same questions.

Its metrics are called as those of CloudNativePG's default queries, `backends` and `pg_settings`, as far as rules read
them: https://cloudnative-pg.io/documentation/current/monitoring/.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
from aiohttp import web

from local.ports import LOOPBACK, free_port
from tests.faults.ground import Ground

LIMIT: Final = 0.5
"""Seconds after which what PostgreSQL does not say is left out, as by the real one."""
NAME: Final = "cnpg_metrics_exporter"
BACKENDS: Final = """
SELECT coalesce(state, '') AS state, count(*) AS total
FROM pg_stat_activity WHERE usename IS NOT NULL AND application_name <> $1 GROUP BY state
"""
MOST: Final = "SELECT setting::int FROM pg_settings WHERE name = 'max_connections'"


@contextlib.asynccontextmanager
async def exporter(ground: Ground) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address for Prometheus."""

    async def told(_request: web.Request) -> web.Response:
        return web.Response(text=await _metrics(ground.engines.postgres.url))

    application = web.Application()
    application.router.add_get("/metrics", told)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"{LOOPBACK}:{port}"
    finally:
        await runner.cleanup()


async def _metrics(url: str) -> str:
    try:
        connection = await asyncpg.connect(
            url, timeout=LIMIT, command_timeout=LIMIT, server_settings={"application_name": NAME}
        )
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return ""
    try:
        backends, most = await connection.fetch(BACKENDS, NAME), await connection.fetchval(MOST)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return ""
    finally:
        connection.terminate()
    lines = [f'cnpg_backends_total{{state="{state}"}} {total}' for state, total in backends]
    return "\n".join([*lines, f'cnpg_pg_settings_setting{{name="max_connections"}} {most}', ""])
