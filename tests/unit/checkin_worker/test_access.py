"""Who may do what: a table of everybody who may come to the door, and of the company's rules."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from checkin_worker.access import CONSENT_VERSION, Admission, Standing
from checkin_worker.people import Person
from checkin_worker.settings import WorkerSettings

BOSS = 7
SOMEBODY = Person(user_id=1, telegram_name="Ləman", telegram_language="az")


def somebody(**fields: Any) -> Person:  # noqa: ANN401 - any field of a Person
    return replace(SOMEBODY, **fields)


def rules(registration: Any = "invite", *, consent: bool = True) -> Admission:  # noqa: ANN401 - a word of three
    return Admission(registration, consent, frozenset({BOSS}))


@pytest.mark.parametrize("registration", ["invite", "approval", "open"])
@pytest.mark.parametrize("consent", [True, False])
@pytest.mark.parametrize("status", ["pending", "inactive", "forgotten"])
def test_who_is_known_but_not_active_is_a_stranger_whatever_their_role_and_consent(
    registration: str, *, consent: bool, status: str
) -> None:
    for role in ("employee", "manager", "admin"):
        person = somebody(status=status, role=role, consent_version=CONSENT_VERSION)
        assert rules(registration, consent=consent).standing(person) is Standing.STRANGER


def test_an_unknown_person_is_a_stranger_unless_everybody_is_welcome() -> None:
    assert rules("invite").standing(SOMEBODY) is Standing.STRANGER
    assert rules("approval").standing(SOMEBODY) is Standing.STRANGER
    assert rules("open").standing(SOMEBODY) is Standing.GUEST
    assert rules("open", consent=False).standing(SOMEBODY) is Standing.GUEST


@pytest.mark.parametrize(
    ("role", "standing"),
    [("employee", Standing.EMPLOYEE), ("manager", Standing.MANAGER), ("admin", Standing.ADMIN)],
)
def test_an_active_person_is_what_their_role_says_once_they_have_agreed_to_the_text_in_force(
    role: str, standing: Standing
) -> None:
    person = somebody(status="active", role=role)
    assert rules(consent=False).standing(person) is standing
    assert rules().standing(person) is Standing.GUEST
    assert rules().standing(replace(person, consent_version=CONSENT_VERSION - 1)) is Standing.GUEST
    assert rules().standing(replace(person, consent_version=CONSENT_VERSION)) is standing


@pytest.mark.parametrize("status", [None, "pending", "inactive", "active"])
def test_an_id_of_admin_ids_is_always_welcome_and_an_admin_once_in(status: str | None) -> None:
    boss = somebody(user_id=BOSS, status=status, role="employee")
    assert rules().standing(boss) is Standing.GUEST
    assert rules().standing(replace(boss, status="active", consent_version=CONSENT_VERSION)) is Standing.ADMIN
    assert rules().role(boss) == "admin"


@pytest.mark.parametrize(
    ("said", "ids"), [("", set()), (" , ", set()), ("7", {7}), ("7, 5100000007,7,", {7, 5_100_000_007})]
)
def test_admin_ids_are_a_list_of_accounts(monkeypatch: pytest.MonkeyPatch, said: str, ids: set[int]) -> None:
    assert worker_settings_from(monkeypatch, said).admin_ids == ids


@pytest.mark.parametrize("said", ["@boss", "7 8", "-7", "0", "1.5", "9" * 20, "7;8"])
def test_what_is_no_account_is_refused_as_an_admin(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        worker_settings_from(monkeypatch, said)
    assert {error["loc"][0] for error in refused.value.errors()} == {"admin_ids"}


def worker_settings_from(environ: pytest.MonkeyPatch, admin_ids: str) -> WorkerSettings:
    """The settings of an environment that says this of admins."""
    told = {
        "DATABASE_URL": "postgresql://host/db",
        "RABBITMQ_URL": "amqp://host",
        "TELEGRAM_BOT_TOKEN": "1:token",
        "TELEGRAM_BOT_USERNAME": "checkin_bot",
        "ADMIN_IDS": admin_ids,
    }
    for name, value in told.items():
        environ.setenv(name, value)
    return WorkerSettings()


def test_whoever_was_taken_out_of_admin_ids_keeps_the_role_that_the_database_knows() -> None:
    former = somebody(status="active", role="admin", consent_version=CONSENT_VERSION)
    assert rules().standing(former) is Standing.ADMIN


@pytest.mark.parametrize(
    ("person", "consent", "at_once"),
    [
        (SOMEBODY, False, True),
        (SOMEBODY, True, False),
        (somebody(status="active"), False, False),
        (somebody(status="inactive"), False, False),
        (somebody(user_id=BOSS), False, True),
        (somebody(user_id=BOSS), True, False),
        (somebody(user_id=BOSS, status="active"), False, True),
        (somebody(user_id=BOSS, status="active", role="admin"), False, False),
        (somebody(user_id=BOSS, status="active", consent_version=CONSENT_VERSION), True, True),
    ],
)
def test_a_contact_alone_writes_down_only_who_is_welcome_without_a_consent_or_is_an_admin_by_id(
    person: Person, *, consent: bool, at_once: bool
) -> None:
    assert rules("open", consent=consent).enrols_at_once(person) is at_once


def test_only_an_unknown_person_may_ask_and_only_where_admins_decide() -> None:
    assert rules("approval").may_ask(SOMEBODY)
    assert not rules("invite").may_ask(SOMEBODY)
    assert not rules("open").may_ask(SOMEBODY)
    for status in ("pending", "inactive", "active", "forgotten"):
        assert not rules("approval").may_ask(somebody(status=status))


def test_a_manager_who_left_and_comes_back_is_an_employee() -> None:
    assert rules().role(somebody(status="inactive", role="manager")) == "employee"
    assert rules().role(somebody(status="active", role="manager")) == "manager"
    assert rules().role(SOMEBODY) == "employee"
