"""Owns on whose clock a moment is shown to somebody: that of the office where they were, or their own."""

from datetime import datetime
from zoneinfo import ZoneInfo

from checkin_worker.people import Person
from shared.workday import Calendar


class Clock:
    """Writes moments on the clock of the place where somebody was; other zones than the person's are named."""

    def __init__(self, person: Person, calendar: Calendar) -> None:
        self._zones = {office.office_id: office.zone for office in person.offices}
        self._calendar = calendar

    def zone(self, office_id: int | None) -> ZoneInfo | None:
        """Of the office; None for nowhere in particular."""
        return None if office_id is None else self._zones.get(office_id)

    def at(self, moment: datetime, office_id: int | None = None, *, seconds: bool = False) -> str:
        """The moment's time of day."""
        local = moment.astimezone(self.zone(office_id) or self._calendar.zone)
        elsewhere = local.utcoffset() != moment.astimezone(self._calendar.zone).utcoffset()
        return format(local, "%H:%M:%S" if seconds else "%H:%M") + (f" (UTC{local:%z})" if elsewhere else "")
