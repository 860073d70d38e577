"""A collector of traces: takes OTLP over HTTP, as the protocol's own definitions read it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local.ports import LOOPBACK
from shared.listener import serving


@dataclass(frozen=True)
class Seen:
    """A step of a trace, and the service that told of it."""

    service: str
    span: Span

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def trace(self) -> str:
        return self.span.trace_id.hex()

    @property
    def facts(self) -> dict[str, str | int | float]:
        """Its attributes."""
        values = {one.key: one.value for one in self.span.attributes}
        return {key: getattr(value, value.WhichOneof("value") or "") for key, value in values.items()}


@dataclass
class Collector:
    """What came, and with which headers."""

    seen: list[Seen] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """POST /v1/traces."""
        told = ExportTraceServiceRequest.FromString(await request.read())
        for group in told.resource_spans:
            [service] = [one.value.string_value for one in group.resource.attributes if one.key == "service.name"]
            self.seen += [Seen(service, span) for scope in group.scope_spans for span in scope.spans]
        self.keys.add(request.headers.get("api-key", ""))
        self.came.set()
        return web.Response()

    async def until(self, condition: Callable[[], bool], limit: float = 60) -> None:
        """Wait until what has come is so."""
        async with asyncio.timeout(limit):
            while not condition():
                self.came.clear()
                await self.came.wait()

    def of(self, update_id: int) -> list[Seen]:
        """The trace of an update, first steps first."""
        [trace] = {one.trace for one in self.seen if one.facts.get("fleet.update_id") == update_id}
        return sorted((one for one in self.seen if one.trace == trace), key=lambda one: one.span.start_time_unix_nano)


@contextlib.asynccontextmanager
async def collector(port: int) -> AsyncIterator[Collector]:
    """Listen while the block runs."""
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    async with serving(app, LOOPBACK, port, 20):
        yield made
