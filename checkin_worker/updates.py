"""Owns the way of an update through a worker: one transaction for its effect and its replies, then the replies.

What happens if the process dies:
- before the commit: nothing is stored; the broker hands the update out again, as if for the first time;
- after the commit, before the ack: handed out again, it finds its inbox row, changes nothing, and publishes the
  stored replies again under the same keys, which the sender sends once.
So the unacked update is the outbox, and no relay is needed.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiogram import Bot
from aiogram.types import Update, User
from structlog.contextvars import bind_contextvars

from checkin_worker.access import Admission, Standing
from checkin_worker.attendance import CONFIRM_WITHIN
from checkin_worker.book import APPEND, APPEND_SEVERAL, Book, Rules
from checkin_worker.desk import Desk
from checkin_worker.handlers import router
from checkin_worker.inbox import ANSWERED, ANSWERED_SEVERAL, Inbox, opened
from checkin_worker.incoming import decoded, moment, said_at, who_speaks
from checkin_worker.metrics import RECORDED_SECONDS, UPDATE_SECONDS
from checkin_worker.outbox import COLLECTED, CollectingSession, Outbox, open_outbox
from checkin_worker.people import KNOW, KNOW_SEVERAL, People
from checkin_worker.recorded_first import RecordedFirst
from checkin_worker.settings import WorkerSettings
from shared import tracing
from shared.consume import Consumer
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done, Verdict
from shared.lean_aiogram import build
from shared.publisher import Publisher
from shared.replicas import Reader
from shared.sealed import Outgoing, unsealed
from shared.texts import LANGUAGES, texts_in
from shared.together import Scattered, Together
from shared.workday import is_holiday

if TYPE_CHECKING:
    from shared.database import Connection

_NO_TOKEN: Final = "0:collects"  # noqa: S105 - aiogram wants the shape of one; this session never calls anybody

SEVERAL: Final[Mapping[str, str]] = {ANSWERED: ANSWERED_SEVERAL, KNOW: KNOW_SEVERAL, APPEND: APPEND_SEVERAL}
"""The queries of a check-in, and each for several people."""

ALONE: Final = 14
"""Updates that have a connection of their own at once; the others of a crowd share two (`shared.together.GROUPS`)."""

# A live location moves for hours; only the first position that clears up an uncertain one is kept of it. The first by
# its moment and update, so that whichever is handled first, the same one holds.
UNCERTAIN: Final = """
SELECT EXISTS (SELECT FROM attendance_events
               WHERE user_id = $1 AND sent_at = $2 AND kind = 'location' AND fence = 'uncertain')
   AND NOT EXISTS (SELECT FROM attendance_events
                   WHERE user_id = $1 AND sent_at > $2 AND (sent_at, update_id) < ($3, $4) AND kind = 'evidence')
"""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose update it is, and when it came to our door."""

    user: User
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """An update's effect: its replies, as sealed; whether it has it now for the first time; of which location it is."""

    replies: bytes
    first: bool
    located_at: datetime | None = None


class UpdateHandler:
    """Handles the messages of the queue `updates`."""

    def __init__(
        self,
        settings: WorkerSettings,
        pool: PrimaryPool,
        reader: Reader,
        publisher: Publisher,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._together = Together(pool, SEVERAL)
        self._alone = asyncio.Semaphore(ALONE)
        self._first = RecordedFirst()
        self._reader = reader
        self._publisher = publisher
        self._clock = clock
        self._admission = Admission.of(settings)
        self._double_tap = timedelta(seconds=settings.double_tap_seconds)
        self._bot = Bot(_NO_TOKEN, session=CollectingSession(settings.telegram_bot_username))
        self._routes = router()
        # Built, read and asked now, so that the first check-ins of the day do not wait.
        build(Update, *COLLECTED)
        for language in LANGUAGES:
            texts_in(language)
        is_holiday(settings.schedule.country, now().date())

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Give the update its effect once, and publish what it answers.

        Raises:
            Undecodable: not an update by aiogram's model.
            DatabaseUnavailable, BrokerUnavailable: to be tried again as it is.
        """
        with self._first.recording():
            replies, in_line = await self._recorded(delivery)
        recorded = time.monotonic()
        async with self._first.telling() if in_line else contextlib.nullcontext():
            waited = time.monotonic()
            for outgoing in replies:
                await self._publisher.publish(outgoing.queue, outgoing.body, key=outgoing.key, headers=delivery.trail)
        bind_contextvars(waited_ms=_ms(recorded, waited), published_ms=_ms(waited, time.monotonic()))
        return Done()

    async def make_room(self, consumer: Consumer) -> None:
        """Have the consumer of `updates` hold more while people who are recorded wait to be told, for ever."""
        await self._first.make_room(consumer)

    async def _recorded(self, delivery: Delivery) -> tuple[Sequence[Outgoing], bool]:
        """Store the update's effect; what is said then, and whether that waits for its turn, as a crowd's does."""
        update = decoded(delivery.body, self._bot)
        user = who_speaks(update)
        if user is None or not await self._matters(update, user):
            bind_contextvars(outcome="no concern of ours")
            return [], False
        alone = _goes_alone(update, delivery)
        started = time.monotonic()
        with tracing.step("postgresql transaction", delivery.trace, "client", {"db.system.name": "postgresql"}):
            replies = unsealed(await self._effect(update, Sender(user, _received_at(delivery)), alone=alone))
        bind_contextvars(replies=len(replies), stored_ms=_ms(started, time.monotonic()))
        return replies, not alone

    async def _matters(self, update: Update, user: User) -> bool:
        if (edited := update.edited_message) is None:
            return True
        if edited.location is None or edited.edit_date is None:
            return False
        moved_at = moment(edited.edit_date)
        if moved_at is None or moved_at - edited.date >= CONFIRM_WITHIN:
            return False
        async with self._alone, self._pool.connection() as connection:
            return bool(await connection.fetchval(UNCERTAIN, user.id, edited.date, moved_at, update.update_id))

    async def _effect(self, update: Update, sender: Sender, *, alone: bool) -> bytes:
        """The update's replies, as sealed, when its effect is committed with them."""
        if not alone:
            try:
                async with self._together.opened(sender.user.id) as connection:
                    effect = await self._within(connection, update, sender)
            except Scattered:
                alone = True
        if alone:
            async with self._alone, self._pool.connection() as connection, opened(connection, sender.user.id):
                effect = await self._within(connection, update, sender)
        if effect.first:
            UPDATE_SECONDS.observe(self._since(sender.received_at))
        if effect.located_at is not None:
            RECORDED_SECONDS.observe(self._since(effect.located_at))
        return effect.replies

    def _since(self, moment: datetime) -> float:
        """Seconds; none, where another machine's clock is ahead."""
        return max(0.0, (self._clock() - moment).total_seconds())

    async def _within(self, connection: "Connection", update: Update, sender: Sender) -> Effect:
        """In a transaction, under the person's lock."""
        inbox = Inbox(connection, sender.user.id)
        replies = await inbox.answered(update.update_id)
        bind_contextvars(outcome="stored" if replies is None else "repeated")
        if replies is not None:
            return Effect(replies, first=False)
        outbox = Outbox(update.update_id, sender.user.id, sender.received_at.timestamp(), said_at(update))
        desk = await self._desk(connection, sender, outbox)
        await self._first_time(update, desk)
        replies = outbox.sealed()
        await inbox.answer(update.update_id, replies)
        return Effect(replies, first=True, located_at=desk.book.recorded)

    async def _first_time(self, update: Update, desk: Desk) -> None:
        token = open_outbox.set(desk.outbox)
        try:
            # Without aiogram's Dispatcher, whose middlewares, of which we use none, cost as much as all the rooms.
            await self._routes.propagate_event(update.event_type, update.event, bot=self._bot, desk=desk)
        finally:
            open_outbox.reset(token)

    async def _desk(self, connection: "Connection", sender: Sender, outbox: Outbox) -> Desk:
        settings, people = self._settings, People(connection)
        person = await people.know(sender.user)
        await people.reached(person)
        outbox.speak(person.user_id, person.language)
        if self._admission.enrols_at_once(person):
            person = await people.enrol(person, sender.received_at, role=self._admission.role(person))
        standing = self._admission.standing(person)
        if standing >= Standing.EMPLOYEE:
            await people.refresh(person)
        calendar = person.calendar(settings.zone, settings.workday_boundary, settings.schedule)
        return Desk(
            db=connection,
            reader=self._reader,
            settings=settings,
            person=person,
            standing=standing,
            people=people,
            book=Book(connection, Rules(calendar, self._double_tap, person)),
            calendar=calendar,
            outbox=outbox,
            texts=texts_in(person.language),
            received_at=sender.received_at,
            recorded_at=self._clock(),
        )


def _goes_alone(update: Update, delivery: Delivery) -> bool:
    """Only locations go together, of which there are crowds; and none that has failed, or was in hand at a death."""
    location = update.message is not None and update.message.location is not None
    return not location or delivery.tries > 0 or delivery.redelivered


def _received_at(delivery: Delivery) -> datetime:
    return (None if delivery.received_at is None else moment(delivery.received_at)) or now()


def _ms(since: float, until: float) -> float:
    return round((until - since) * 1e3, 1)
