"""Owns the way of an update through a worker: one transaction for its effect and its replies, then the replies.

What happens if the process dies:
- before the commit: nothing is stored; the broker hands the update out again, as if for the first time;
- after the commit, before the ack: handed out again, it finds its inbox row, changes nothing, and publishes the
  stored replies again under the same keys, which the sender sends once.
So the unacked update is the outbox, and no relay is needed.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from aiogram import Bot, Dispatcher
from aiogram.methods import SendMessage
from aiogram.types import Update, User
from pydantic import ValidationError

from checkin_worker.attendance import Calendar
from checkin_worker.book import Book
from checkin_worker.handlers import Desk, router
from checkin_worker.outbox import CollectingSession, Outbox, open_outbox, unsealed
from checkin_worker.settings import WorkerSettings
from checkin_worker.texts import Texts, plain_name
from shared.consume import Delivery, Done, Verdict
from shared.contracts import RECEIVED_AT
from shared.database import PrimaryPool
from shared.errors import Undecodable
from shared.lean_aiogram import build
from shared.publisher import Publisher

_NO_TOKEN: Final = "0:collects"  # noqa: S105 - aiogram wants the shape of one; this session never calls anybody


class UpdateHandler:
    """Handles the messages of the queue `updates`."""

    def __init__(self, settings: WorkerSettings, pool: PrimaryPool, publisher: Publisher) -> None:
        self._pool = pool
        self._publisher = publisher
        self._calendar = Calendar(settings.zone, settings.workday_boundary)
        self._double_tap = timedelta(seconds=settings.double_tap_seconds)
        self._geocoding = settings.geocoding
        self._texts = Texts()
        self._bot = Bot(_NO_TOKEN, session=CollectingSession())
        self._dispatcher = Dispatcher(disable_fsm=True)
        self._dispatcher.include_router(router())
        build(Update, SendMessage)

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Give the update its effect once, and publish what it answers.

        Raises:
            Undecodable: not an update by aiogram's model.
            DatabaseUnavailable, BrokerUnavailable: to be tried again as it is.
        """
        update = self._decode(delivery.body)
        person = _who_speaks(update)
        if person is None:
            return Done()
        replies = await self._effect(update, person, _received_at(delivery))
        for outgoing in unsealed(replies):
            await self._publisher.publish(
                outgoing.queue, bytes(outgoing.body), key=outgoing.key, headers=delivery.trail
            )
        return Done()

    def _decode(self, body: bytes) -> Update:
        try:
            fields = msgspec.json.decode(body)
            return Update.model_validate(fields, context={"bot": self._bot})
        except ValidationError as problem:
            # what was wrong and where, without the value: it is a person's
            first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise Undecodable(f"not an update: {place}: {first['msg']}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise Undecodable(f"not an update: {problem}") from problem

    async def _effect(self, update: Update, person: User, received_at: datetime) -> bytes:
        """The update's replies, as sealed; its effect is stored with them, now or earlier."""
        async with self._pool.connection() as connection, connection.transaction():
            book = Book(connection, person.id, self._calendar, self._double_tap)
            await book.lock()
            replies = await book.answered(update.update_id)
            if replies is None:
                replies = await self._first_time(book, update, person, received_at)
                await book.answer(update.update_id, replies)
        return replies

    async def _first_time(self, book: Book, update: Update, person: User, received_at: datetime) -> bytes:
        full_name = plain_name(person.full_name)
        await book.enrol(person.id, full_name)
        outbox = Outbox(update.update_id, person.id)
        desk = Desk(book, outbox, self._texts, full_name, self._calendar.zone, received_at, self._geocoding)
        token = open_outbox.set(outbox)
        try:
            await self._dispatcher.feed_update(self._bot, update, desk=desk)
        finally:
            open_outbox.reset(token)
        return outbox.sealed()


def _who_speaks(update: Update) -> User | None:
    """The person whose message to the bot this is; None in groups and channels, for bots, and for other kinds."""
    message = update.message
    if message is None or message.chat.type != "private" or message.from_user is None or message.from_user.is_bot:
        return None
    return message.from_user


def _received_at(delivery: Delivery) -> datetime:
    stamp = delivery.headers.get(RECEIVED_AT)
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int | float) else datetime.now(UTC)
