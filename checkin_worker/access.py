"""Owns who may do what: one place turns a person and the company's rules into a standing, and handlers ask for one."""

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Self

from aiogram.filters import Filter

if TYPE_CHECKING:
    from aiogram.types import TelegramObject

    from checkin_worker.desk import Desk
    from checkin_worker.people import Person
    from checkin_worker.settings import WorkerSettings

CONSENT_VERSION: Final = 1
"""Of the text that people agree to; whoever agreed to an earlier one is asked again."""


class Standing(enum.IntEnum):
    """What somebody may do; each may do all that those before may."""

    STRANGER = 0
    """Unknown, not let in yet, or no longer with the company: one polite line a day."""
    GUEST = 1
    """Welcome, and in once they have consented."""
    EMPLOYEE = 2
    MANAGER = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Admission:
    """The company's rules of entry.

    Whoever is named in ADMIN_IDS is an admin whatever the database says, and becomes one there, so that admins can be
    found by their role. Taken out of ADMIN_IDS, they keep the role: it is an admin's to change, like any other.
    """

    registration: Literal["invite", "approval", "open"]
    consent_required: bool
    admin_ids: frozenset[int]

    @classmethod
    def of(cls, settings: "WorkerSettings") -> Self:
        """The rules that the environment sets."""
        return cls(settings.registration, settings.consent == "required", settings.admin_ids)

    def standing(self, person: "Person") -> Standing:
        """What the person may do now."""
        admin = person.user_id in self.admin_ids
        welcome = admin or person.status == "active" or (person.status is None and self.registration == "open")
        if not welcome:
            return Standing.STRANGER
        if person.status != "active" or (self.consent_required and person.consent_version != CONSENT_VERSION):
            return Standing.GUEST
        return Standing.ADMIN if admin else _ROLES[person.role]

    def enrols_at_once(self, person: "Person") -> bool:
        """Whether this contact alone is enough to write the person, or their role, down."""
        standing = self.standing(person)
        becomes_admin = standing is Standing.ADMIN and person.role != "admin"
        return becomes_admin or (standing is Standing.GUEST and not self.consent_required)

    def may_ask(self, person: "Person") -> bool:
        """Whether a stranger may ask the admins to be let in; nobody does it twice."""
        return self.registration == "approval" and person.status is None

    def role(self, person: "Person") -> str:
        """What the person is once they are in; whoever comes back to the company is no manager by having been one."""
        if person.user_id in self.admin_ids:
            return "admin"
        return "employee" if person.status == "inactive" else person.role


_ROLES: Final = {"employee": Standing.EMPLOYEE, "manager": Standing.MANAGER, "admin": Standing.ADMIN}


class AtLeast(Filter):
    """Lets an update through whose person has this standing or a higher one."""

    def __init__(self, least: Standing) -> None:
        self._least = least

    async def __call__(self, _event: "TelegramObject", desk: "Desk") -> bool:
        """Whether it passes."""
        return desk.standing >= self._least


class Recorded(Filter):
    """Lets an update through whose person is welcome and in the book, whichever text they agreed to."""

    async def __call__(self, _event: "TelegramObject", desk: "Desk") -> bool:
        """Whether it passes."""
        return desk.standing >= Standing.GUEST and desk.person.status == "active"
