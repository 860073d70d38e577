"""Owns what a handler works with: one update's person, page of the book, outbox and texts."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checkin_worker.access import Standing
from checkin_worker.book import Book
from checkin_worker.outbox import Outbox
from checkin_worker.people import People, Person
from checkin_worker.settings import WorkerSettings
from shared.replicas import Reader
from shared.texts import Texts
from shared.workday import Calendar

if TYPE_CHECKING:
    from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands ready for the handler of one update.

    Attributes:
        db: the primary, within the update's transaction, under the person's lock; for writing, and for short reads
            that decide what is written.
        reader: the replicas; for all that people only look at.
        received_at: when the update came to our door (UTC); what is "now" for a handler, however long a queue was.
        recorded_at: when the worker took it in hand (UTC).
    """

    db: "Connection"
    reader: Reader
    settings: WorkerSettings
    person: Person
    standing: Standing
    people: People
    book: Book
    calendar: Calendar
    outbox: Outbox
    texts: Texts
    received_at: datetime
    recorded_at: datetime
