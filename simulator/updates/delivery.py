"""Delivery to the webhook: which update is posted when, and what its answer means."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING

import aiohttp

from simulator.ledger import Ledger, WebhookTry
from simulator.updates.connections import Connections
from simulator.updates.pauses import Pauses, read_retry_after
from simulator.updates.webhook import WebhookSettings, WebhookState

if TYPE_CHECKING:
    from simulator.faults import Faults
    from simulator.updates.queue import Lane, Update, Updates


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How delivery deals with time."""

    time_scale: float = 1.0
    """Pauses are multiplied by this; tests make them short."""
    timeout: float = 60.0
    """An answer that takes longer, in seconds, is none."""
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable pauses


class Deliverer:
    """Posts what waits in `updates`.

    A lane keeps its slot from its first post until its update is taken or too old, also during the pauses; there are
    2 x max_connections slots. At most max_connections posts are under way, fewer while connections are being opened.
    """

    def __init__(self, settings: WebhookSettings, updates: Updates, ledger: Ledger, faults: Faults) -> None:
        self.settings = settings
        self.state = WebhookState()
        self.rules = DeliveryRules()
        self._updates = updates
        self._ledger = ledger
        self._faults = faults
        self._slots = settings.max_connections * 2
        self._connections = Connections(settings.max_connections)
        self._in_work: dict[Lane, asyncio.Task[None]] = {}
        self._queue: dict[Lane, None] = {}
        self._session: aiohttp.ClientSession | None = None
        self._stopped = False

    def start(self, rules: DeliveryRules) -> None:
        """Begin with what waits already."""
        self.rules = rules
        self._connections = Connections(self.settings.max_connections, rules.time_scale)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=rules.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._updates.listener = self._hear
        for lane in self._updates.lanes:
            self._hear(lane)

    async def stop(self) -> None:
        """Post nothing more; what is under way is broken off, and tried again by the next deliverer."""
        self._stopped = True
        self._updates.listener = None
        self._queue.clear()
        self._connections.stop()
        tasks = list(self._in_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _hear(self, lane: Lane) -> None:
        if lane not in self._in_work and lane not in self._queue:
            self._queue[lane] = None
            self._fill_slots()

    def _fill_slots(self) -> None:
        while self._queue and len(self._in_work) < self._slots:
            lane = next(iter(self._queue))
            del self._queue[lane]
            task = asyncio.create_task(self._serve(lane), name=f"webhook {lane}")
            self._in_work[lane] = task
            task.add_done_callback(partial(self._leave, lane))

    def _leave(self, lane: Lane, _: asyncio.Task[None]) -> None:
        del self._in_work[lane]
        if self._stopped:
            return
        if lane in self._updates.lanes:
            self._queue[lane] = None
        self._fill_slots()

    async def _serve(self, lane: Lane) -> None:
        """Deliver the first update of a lane, however many tries it takes."""
        waiting = self._updates.lanes.get(lane)
        if not waiting:
            return  # it grew too old before its turn came
        update = waiting[0]
        pauses = Pauses(self.rules.random)
        tries, taken, wanted = 0, 0, self._faults.posts()
        while update.expires > self._updates.clock():
            tries += 1
            entry, retry_after = await self._post(update, tries)
            if entry.accepted:
                self._connections.succeed()
                taken += 1
                if taken >= wanted:
                    break
                continue
            self._note_error(entry)
            pause = pauses.after_failure(retry_after)
            if self._updates.clock() + pause > update.expires:
                break
            await asyncio.sleep(pause * self.rules.time_scale)
        self._updates.confirm(update)

    async def _post(self, update: Update, number: int) -> tuple[WebhookTry, int]:
        """One try: its entry in the ledger, and the seconds of a Retry-After."""
        async with self._connections.lend():
            entry = WebhookTry(update.update_id, update.kind, update.chat_id, number, time.monotonic())
            self._ledger.open_try(entry)
            status, error, retry_after = None, "broken off", 0
            try:
                status, retry_after = await self._request(update)
                error = ""
            except TimeoutError:
                error = "Read timeout expired"
            except (aiohttp.ClientError, OSError) as problem:
                error = f"Connection failed: {problem}"
            finally:
                self._ledger.close_try(entry, status, error)
        return entry, retry_after

    async def _request(self, update: Update) -> tuple[int, int]:
        assert self._session is not None  # noqa: S101 - start() made it
        headers = {"Content-Type": "application/json"}
        if self.settings.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.settings.secret_token
        post = self._session.post(self.settings.url, data=update.body(), headers=headers, allow_redirects=False)
        async with post as answer:
            await answer.read()
            return answer.status, read_retry_after(answer.headers.get("Retry-After"))

    def _note_error(self, entry: WebhookTry) -> None:
        self.state.last_error_date = int(self._updates.clock())
        reason = responses.get(entry.status or 0, "")
        wrong = f"Wrong response from the webhook: {entry.status} {reason}"
        self.state.last_error_message = entry.error or wrong.rstrip()
