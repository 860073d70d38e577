"""The simulator as one thing: a Bot API on a port, with its chats, updates, faults and ledger."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from simulator import stamper
from simulator.botapi.callbacks import Callbacks
from simulator.botapi.door import Door
from simulator.botapi.flood import Flood, FloodLimits
from simulator.botapi.messages import Messages
from simulator.botapi.methods import all_methods
from simulator.changes import Changes
from simulator.chats import Chats, Press, SeenMessage
from simulator.faults import Faults
from simulator.lag import LagMonitor
from simulator.ledger import Ledger
from simulator.page.render import Page
from simulator.updates.delivery import DeliveryRules
from simulator.updates.polling import Reception
from simulator.updates.queue import Updates

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.updates.webhook import WebhookSettings

LARGEST_REQUEST = 51 * 1024 * 1024
"""Bytes: the largest document, and what is around it."""


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """What a simulator is started with; everything that changes later is in its `faults`."""

    token: str = "42:TEST"  # noqa: S105 - the simulator's own, it opens nothing
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    bot_name: str = "Davamiyyət"
    bot_username: str = "davamiyyet_bot"
    limits: FloodLimits = field(default_factory=FloodLimits)
    time_scale: float = 1.0
    """The pauses between tries of the webhook are multiplied by this."""
    webhook_timeout: float = 60.0
    seed: int = 0


class Simulator:
    """A Bot API for one bot. Use it as an async context manager."""

    def __init__(self, config: SimulatorConfig | None = None, faults: Faults | None = None) -> None:
        self.config = config or SimulatorConfig()
        self.faults = faults or Faults()
        self.changes = Changes()
        self.chats = Chats()
        self.ledger = Ledger(self.changes)
        self.updates = Updates(self.chats, self.changes, seed=self.config.seed)
        self.lag = LagMonitor()
        self._reception = Reception(self.updates, self.ledger, self.faults, self.changes)
        self._reception.rules = DeliveryRules(
            self.config.time_scale,
            self.config.webhook_timeout,
            random.Random(self.config.seed),  # noqa: S311 - no secret: repeatable pauses
        )
        self.bot: dict[str, Any] = {
            "id": int(self.config.token.partition(":")[0]),
            "is_bot": True,
            "first_name": self.config.bot_name,
            "username": self.config.bot_username,
        }
        self._runner: web.AppRunner | None = None
        self._stamper: asyncio.subprocess.Process | None = None
        self._port = self.config.port

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.config.token

    @property
    def url(self) -> str:
        """What TELEGRAM_API_URL must be."""
        return f"http://{self.config.host}:{self._port}"

    @property
    def webhook(self) -> WebhookSettings | None:
        """The webhook that is set; None while there is none."""
        return self._reception.webhook

    def chat(self, chat_id: int) -> list[SeenMessage]:
        """The messages of a chat as the person sees them now, after all edits, oldest first."""
        return self.chats.seen(chat_id)

    def presses(self, person_id: int) -> list[Press]:
        """The inline buttons that a person pressed, oldest first, each with its answer."""
        return [press for press in self.chats.presses.values() if press.person_id == person_id]

    async def until(self, predicate: Callable[[], bool], timeout: float = 30.0) -> None:  # noqa: ASYNC109 - the waiter's limit is part of the promise
        """Return once `predicate()` is true; it is asked now and after every change.

        TimeoutError after `timeout` seconds, with what did happen in its text.
        """
        try:
            await self.changes.until(predicate, timeout)
        except TimeoutError:
            name = getattr(predicate, "__qualname__", repr(predicate))
            raise TimeoutError(f"after {timeout:g} s still not {name}: {self.summary()}") from None

    def summary(self) -> str:
        """What happened so far, in one line."""
        calls, tries = self.ledger.calls, self.ledger.webhook
        last_call = f", the last {calls[-1].method}: {calls[-1].outcome} {calls[-1].description}" if calls else ""
        last_try = f", the last answered {tries[-1].status} {tries[-1].error}" if tries else ""
        return (
            f"{len(calls)} calls ({sum(call.done for call in calls)} done{last_call.rstrip()}); "
            f"{len(tries)} webhook tries ({sum(entry.accepted for entry in tries)} accepted{last_try.rstrip()}); "
            f"{self.updates.pending} updates pending; webhook {'set' if self.webhook else 'not set'}"
        )

    async def start(self) -> None:
        """Listen."""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        await self._start_stamper(self._runner.addresses[0][1])
        self.lag.start()

    async def stop(self) -> None:
        """End delivery and close the port; harmless when done twice."""
        self.lag.stop()
        await self._reception.stop()
        relay, self._stamper = self._stamper, None
        if relay is not None and relay.stdin is not None:
            relay.stdin.close()
            await relay.wait()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _start_stamper(self, backend_port: int) -> None:
        """Put the relay before the port, in which the stamps of arrival are taken."""
        self._stamper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", stamper.__file__, self.config.host, str(self.config.port), str(backend_port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        if self._stamper.stdout is None or not (line := await self._stamper.stdout.readline()):
            raise OSError(f"the simulator cannot listen on {self.config.host}:{self.config.port}: is it in use?")
        self._port = int(line)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.shield(self.stop())

    def _application(self) -> web.Application:
        messages = Messages(self.chats, self.bot, self.faults.absence_of, self.updates.clock)
        callbacks = Callbacks(self.chats, self.updates.clock)
        methods = all_methods(self.bot, messages, callbacks, self._reception)
        door = Door(self.token, methods, Flood(self.config.limits), self.faults, self.ledger)
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.router.add_get("/", Page(self).show)
        for verb in ("GET", "POST"):
            application.router.add_route(verb, "/bot{token:[^/]+}/{method:[^/]*}", door.enter)
        return application
