"""Owns how a service is seen: structured logs, and the HTTP door for metrics and probes.

`/healthz` says that the event loop turns, and nothing about engines: a liveness probe that fails with a database
restarts processes that have nothing wrong with them. `/readyz` asks every check; 503 names those that fail.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.listener import serving
from shared.masking import masked
from shared.metrics import DRAINING, READY
from shared.settings import ProcessSettings

ROOM: Final = 100
"""Connections to METRICS_PORT at once: a few who scrape, a few who probe."""

Check = Callable[[], Awaitable[bool]]
"""Answers within a second or so whether one thing that the service needs is there."""


# Without the frames' local variables: they hold people's names and places, and addresses with passwords and tokens.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(service: str, settings: ProcessSettings) -> None:
    """Send all logs, the libraries' too, to standard output: JSON lines, or text for people.

    Our own lines do not pass through the standard library's logging, which costs several times the line itself.
    """
    level = logging.getLevelNamesMapping()[settings.log_level]
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_people = settings.log_format == "console"
    rendered: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [_TRACEBACKS, structlog.processors.JSONRenderer(serializer=_json)]
    )
    final = [*rendered, _without_secrets]
    structlog.configure(
        processors=[*common, *final],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in ("aiogram", "aio_pika", "aiormq", "aiohttp.access", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, level))
    structlog.contextvars.bind_contextvars(service=service)


def _without_secrets(_logger: object, _method: str, line: Any) -> str:  # noqa: ANN401 - structlog's own signature
    return masked(line)


def _json(event: Mapping[str, Any], **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()


class Probes:
    """What `/readyz` asks; filled while a service starts, and turned off for good when it begins to stop."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._stopping = False

    def require(self, name: str, check: Check) -> None:
        """Be ready only while this check says yes."""
        self._checks[name] = check

    def stop(self) -> None:
        """Be ready no more, whatever the checks say."""
        self._stopping = True
        DRAINING.set(1)

    async def failing(self) -> list[str]:
        """Names of what is not there; empty means ready."""
        if self._stopping:
            failing = ["stopping"]
        elif not self._checks:
            failing = ["starting"]
        else:
            # All at once: several that are away make nobody wait longer than one does, scrapes above all.
            checks = dict(self._checks)
            answers = await asyncio.gather(*(check() for check in checks.values()))
            failing = [name for name, answer in zip(checks, answers, strict=True) if not answer]
        READY.set(not failing)
        return failing


@contextlib.asynccontextmanager
async def door(settings: ProcessSettings, probes: Probes) -> AsyncIterator[None]:
    """Serve `/metrics`, `/healthz` and `/readyz` on METRICS_PORT while the block runs."""

    async def metrics(_request: web.Request) -> web.Response:
        await probes.failing()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_request: web.Request) -> web.Response:
        failing = await probes.failing()
        return web.Response(
            status=503 if failing else 200,
            text=f"not ready: {', '.join(failing)}\n" if failing else "ready\n",
        )

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    async with serving(app, settings.listen_address, settings.metrics_port, ROOM):
        yield
