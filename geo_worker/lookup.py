"""Owns finding addresses with as few requests as possible: what is known, who asks for the same, who is asked, in turn.

A question is answered from memory if the best geocoder that is not failing has been asked before, and at once by one
that is in this very process. Else it waits in the search for its cell (`geo_worker.searches`). Each geocoder has its
runners, as many as it takes requests at once; one that may ask chooses the best search at that moment and not before. A
search goes to the first geocoder whose circuit is closed and which has not failed it; if all fail, it rests and begins
anew. While no geocoder answers at all, nothing counts against a point: its messages stay in hand.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from geo_worker.addresses import Addresses, cell_of
from geo_worker.geocoders import GeocoderFailed
from geo_worker.metrics import LOOKUPS
from geo_worker.pace import NotOurTurn
from geo_worker.provider import Provider
from geo_worker.searches import ATTEMPTS, Found, Level, Overtaken, Search, Searches, Waiter
from shared import tracing

PATIENCE: Final = 600.0
"""Seconds for which a message is kept in hand while geocoders are away; then the broker hands it out again. RabbitMQ
takes a message back after half an hour, and the channel with it."""
LIVE: Final = 1000
"""Check-ins that may wait; the oldest above that make room for newer ones."""
GLANCE: Final = 0.5
"""Seconds between two looks at which replies have gone out."""
LOOKED_AT: Final = 500
"""Replies looked at each time, those of the newest check-ins."""


class Replies(Protocol):
    """Who knows which replies have gone out."""

    async def gone(self, keys: Sequence[str]) -> set[str]:
        """Those of the replies that are known to have gone out, or never will."""


class Turn(Protocol):
    """The right to ask geocoders."""

    async def wait(self) -> None:
        """Return when this process has it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a message asks for.

    Attributes:
        latitude, longitude: degrees.
        language: IETF tag.
        level: why it is asked.
        asked_at: when the person asked, unix seconds; 0 if nobody did.
        reply_key: of the reply that waits for the address.
        trace: what the asking follows from (`shared.tracing`); empty where there is no trace.
    """

    latitude: float
    longitude: float
    language: str
    level: Level = Level.LIVE
    asked_at: float = 0.0
    reply_key: str | None = None
    trace: str = ""


class Lookup:
    """Finds addresses through the providers in use, best first."""

    def __init__(self, addresses: Addresses, replies: Replies, turn: Turn, providers: Sequence[Provider] = ()) -> None:
        self._addresses = addresses
        self._replies = replies
        self._turn = turn
        self._providers: list[Provider] = list(providers)
        self._searches = Searches()
        self._asked: set[tuple[str, str, str]] = set()
        self._changed = asyncio.Event()
        self._switched = asyncio.Event()
        self._generation = 0
        self._looked_at = 0.0

    @property
    def providers(self) -> Sequence[Provider]:
        """In use, best first."""
        return self._providers

    @property
    def waiting(self) -> int:
        """Cells whose address is waited for."""
        return len(self._searches)

    def use(self, providers: Sequence[Provider]) -> None:
        """Ask these from now on, best first; what is being asked is asked to its end."""
        for provider in self._providers:
            provider.show(in_use=False)
        self._providers = list(providers)
        for provider in self._providers:
            provider.show(in_use=True)
        self._generation += 1
        for search in self._searches:
            search.failed_at.clear()
        self._switched.set()
        self._notify()

    async def address(self, question: Question) -> Found | None:
        """What a geocoder says of the point's cell; None where geocoding is off.

        Raises:
            GeocoderFailed: all geocoders fail at this point, though not at others.
            NotOurTurn: the right to ask is gone, or its patience: the message is to be given back.
            Overtaken: too many newer check-ins wait.
        """
        cell = cell_of(question.latitude, question.longitude)
        if (found := await self._at_once(question, cell)) is not None:
            return found
        search = self._searches.get(cell, question.language)
        if search is None:
            if not any(_may_serve(provider, question.level) for provider in self._providers):
                return None
            search = self._search(question, cell)
        else:
            LOOKUPS.labels("shared").inc()
        return await self._wait(search, question)

    def give_back(self) -> None:
        """Let go of all who wait: another worker answers them."""
        for search in list(self._searches):
            self._searches.failed(search, NotOurTurn())

    @property
    def asks(self) -> bool:
        """Whether a geocoder is being asked."""
        return bool(self._asked)

    async def idle(self) -> None:
        """Return when no geocoder is being asked; as long as a geocoder may take to answer."""
        while self._asked:
            await self._changed.wait()

    async def run(self) -> None:
        """Ask the providers, for ever."""
        async with asyncio.TaskGroup() as runners:
            while True:
                self._switched.clear()
                for provider in self._providers:
                    for number in range(provider.policy.parallel):
                        runners.create_task(self._serve(provider, self._generation), name=f"{provider.name} {number}")
                await self._switched.wait()

    async def _at_once(self, question: Question, cell: str) -> Found | None:
        """What is known, or is found in this process; None where a geocoder is to be asked, or to be tried again."""
        is_sought = self._searches.get(cell, question.language) is not None  # so Redis does not know it
        better_is_tried = False
        for provider in self._providers:
            if not _may_serve(provider, question.level):
                continue
            known = await self._addresses.find(provider, question.language, cell, here_alone=is_sought)
            if known is not None:
                fresh = self._addresses.fresh(known)
                LOOKUPS.labels("cache" if fresh else "stale").inc()
                if not fresh and provider.circuit.state == "closed":
                    self._search(question, cell)
                    self._notify()
                return Found(known.address, provider.policy)
            if provider.circuit.state == "closed":  # it is to be asked, and not what a lesser one said
                here = provider.policy.here and not better_is_tried
                return await self._asked_here(provider, question) if here else None
            better_is_tried = better_is_tried or provider.circuit.lets_through(time.monotonic())
        return None

    async def _asked_here(self, provider: Provider, question: Question) -> Found | None:
        """What a geocoder in this process says; None if it fails, and is to be asked as others are."""
        with (
            contextlib.suppress(GeocoderFailed),
            tracing.step("geocode", question.trace, "client", {"fleet.geocoder": provider.name}),
        ):
            address = await provider.ask(question.latitude, question.longitude, question.language)
            LOOKUPS.labels("geocoder").inc()
            return Found(address, provider.policy)
        return None

    def _search(self, question: Question, cell: str) -> Search:
        return self._searches.add(
            Search(cell, question.language, question.latitude, question.longitude, time.monotonic())
        )

    async def _wait(self, search: Search, question: Question) -> Found:
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        waiter = Waiter(question.level, question.asked_at, question.reply_key, found, trace=question.trace)
        concerned_nobody = search.for_the_book_alone or not search.waiters
        self._searches.join(search, waiter)
        if concerned_nobody:
            self._notify()
        self._make_room()
        try:
            async with asyncio.timeout(PATIENCE):
                return await found
        except TimeoutError:
            raise NotOurTurn from None
        except (NotOurTurn, Overtaken) as problem:
            LOOKUPS.labels("overtaken" if isinstance(problem, Overtaken) else "returned").inc()
            raise
        finally:
            self._searches.leave(search, waiter)

    def _make_room(self) -> None:
        if self._searches.people <= LIVE:  # as nearly always: nobody need be counted
            return
        live = [waiter for waiter in self._searches.waiters() if waiter.level is Level.LIVE and not waiter.found.done()]
        if len(live) > LIVE:
            min(live, key=lambda waiter: waiter.asked_at).found.set_exception(Overtaken())

    def _notify(self) -> None:
        """Wake everybody who waits for a search to ask for."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, provider: Provider, generation: int) -> None:
        """Ask one provider until others are in use."""
        while generation == self._generation:
            async with provider.pace.places:
                async with provider.pace.choosing:
                    search = await self._next(provider, generation)
                if search is not None:
                    await self._ask(provider, search)

    async def _next(self, provider: Provider, generation: int) -> Search | None:
        """Wait until there is something to ask for and it may be asked, and then choose; None if it came to nothing."""
        while generation == self._generation and next(self._able(provider), None) is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rest(provider)):
                    await self._changed.wait()
        if generation != self._generation:
            return None
        try:
            await provider.pace.ready()
        except NotOurTurn:
            await self._turn.wait()
            return None
        await self._look_at_replies()
        able = self._able(provider)
        search = next(able, None) if provider.policy.here else self._searches.choose(able)
        if search is not None:
            search.at = provider.source
            self._asked.add(_asked_of(provider, search))
        return search

    def _able(self, provider: Provider) -> Iterator[Search]:
        """The searches for which this provider is the one to ask, now."""
        now = time.monotonic()
        asked = [other for other in self._providers if other.circuit.lets_through(now)]
        if provider not in asked:
            return
        better = asked[: asked.index(provider)]
        for search in self._searches:
            if search.at is not None or search.not_before > now or provider.source in search.failed_at:
                continue
            book = search.for_the_book_alone
            if book and (not provider.policy.stored or now < provider.backfills_from):
                continue
            if any(other.source not in search.failed_at and (other.policy.stored or not book) for other in better):
                continue
            if _asked_of(provider, search) not in self._asked:
                yield search

    def _rest(self, provider: Provider) -> float | None:
        """Seconds until something may be to be done though nothing changes; None for never."""
        now = time.monotonic()
        times = (provider.circuit.tries_at(), provider.backfills_from, self._searches.wakes_at(now))
        return min((at - now for at in times if at is not None and at > now), default=None)

    async def _ask(self, provider: Provider, search: Search) -> None:
        asked, began, failure = _asked_of(provider, search), time.time(), "given up"
        if search.for_the_book_alone:
            provider.backfills()
        try:
            address = await provider.ask(search.latitude, search.longitude, search.language)
        except NotOurTurn as problem:  # who waits is given back when the right is seen to be gone
            failure = "not our turn"
            if not search.waiters:
                self._searches.failed(search, problem)
        except GeocoderFailed as problem:
            failure = "failed"
            self._failed(provider, search, problem)
        else:
            failure = ""
            LOOKUPS.labels("geocoder").inc()
            await self._addresses.keep(provider, search.language, search.cell, address)
            self._found(provider, search, address)
            alike = self._searches.of_cell(search.cell)
            for other in [one for one in alike if one.at is None and _asked_of(provider, one) == asked]:
                self._found(provider, other, address)  # in another language, which this provider does not have
        finally:
            _trace(provider, search, began, failure)
            search.at = None
            self._asked.discard(asked)
            self._notify()

    def _found(self, provider: Provider, search: Search, address: str | None) -> None:
        """Tell those whom the answer may serve; for the others the search goes on, if anybody may serve them."""
        found = Found(address, provider.policy)
        others = [waiter for waiter in search.waiters if not _may_serve(provider, waiter.level)]
        if not others or not any(_may_serve(other, others[0].level) for other in self._providers):
            self._searches.found(search, found)
            return
        for waiter in search.waiters:
            if waiter not in others and not waiter.found.done():
                waiter.found.set_result(found)

    def _failed(self, provider: Provider, search: Search, problem: GeocoderFailed) -> None:
        before = search.answers_before.get(provider.source)
        search.attempts += before is not None and before < provider.answers
        search.answers_before[provider.source] = provider.answers
        search.failed_at.add(provider.source)
        if not search.waiters or search.attempts >= ATTEMPTS:
            LOOKUPS.labels("failed").inc()
            self._searches.failed(search, problem)
        closed = {other.source for other in self._providers if other.circuit.state == "closed"}
        for one in self._searches:  # this one; and others, if a circuit has opened on which they counted
            if one.failed_at and one.failed_at >= closed and (one.at is None or one is search):
                self._searches.rest(one, time.monotonic())

    async def _look_at_replies(self) -> None:
        """Learn which replies have gone out, if there is a choice to make."""
        now = time.monotonic()
        if len(self._searches) < 2 or now - self._looked_at < GLANCE:  # noqa: PLR2004 - a choice is between two
            return
        self._looked_at = now
        unsure = {
            waiter.reply_key: waiter for waiter in self._searches.waiters() if waiter.reply_key and not waiter.replied
        }
        newest = sorted(unsure, key=lambda key: -unsure[key].asked_at)[:LOOKED_AT]
        for key in await self._replies.gone(newest):
            unsure[key].replied = True


def _trace(provider: Provider, search: Search, began: float, failure: str) -> None:
    """Tell the traces of all who waited that a geocoder was asked: it follows from the first, and serves the others."""
    first, *others = [waiter.trace for waiter in search.waiters if tracing.is_recorded(waiter.trace)] or [""]
    with tracing.step("geocode", first, "client", {"fleet.geocoder": provider.name}, since=began) as step:
        step.link(others)
        if failure:
            step.fail(failure)


def _may_serve(provider: Provider, level: Level) -> bool:
    """What may not be stored is of no use to an old session."""
    return level is not Level.BACKFILL or provider.policy.stored


def _asked_of(provider: Provider, search: Search) -> tuple[str, str, str]:
    return provider.source, search.cell, provider.policy.language(search.language)
