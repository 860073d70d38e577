"""Throwaway."""
from collections.abc import Callable
from datetime import datetime, timedelta, UTC
import pytest
from tests.integration.desk_side import PERSON, NAMES, DeskSide, desk_side, worker_settings, delivery
from tests.integration.test_doorway import ADMIN, MANAGER, LEYLA, hire, office, link_of, person, button, company_of
from tests.integration import staff
from checkin_worker.access import CONSENT_VERSION
from shared.texts import texts_in

OLD = datetime(2026,1,5,tzinfo=UTC)

async def test_reconsent_keeps_enrolled(company_of):
    async with company_of() as w:
        await hire(w, PERSON, consent_version=0, enrolled_at=OLD)
        await w.text("/start")
        await w.press(f"consent:{CONSENT_VERSION}:")
        assert (await person(w, PERSON))["enrolled_at"] == OLD

async def test_becomes_admin_keeps_enrolled(company_of):
    async with company_of(consent="off") as w:
        await hire(w, ADMIN, enrolled_at=OLD)
        await w.text("/start", person=ADMIN)
        assert (await person(w, ADMIN))["enrolled_at"] == OLD

async def test_admitted_is_enrolled_then(company_of):
    async with company_of(registration="approval", consent="off") as w:
        await hire(w, ADMIN, role="admin")
        await w.text("/start")
        t = w.later(days=3)
        await w.press(f"admit:yes:{PERSON}", person=ADMIN)
        assert (await person(w, PERSON))["enrolled_at"] > t

async def test_fired_manager_own_link(company_of):
    async with company_of() as w:
        await hire(w, MANAGER, role="manager")
        await office(w, "Baş", MANAGER)
        code = await link_of(w, "/invite 500 90")
        await w.rows("UPDATE employees SET status='inactive' WHERE user_id=$1", MANAGER)
        await w.text(f"/start {code}", person=MANAGER)
        await w.press(f"consent:{CONSENT_VERSION}:{code}", person=MANAGER)
        assert (await person(w, MANAGER))["status"] == "inactive"

async def test_fired_employee_old_counted_link(company_of):
    async with company_of() as w:
        await hire(w, MANAGER, role="manager")
        await hire(w, PERSON)
        await office(w, "Baş", MANAGER)
        code = await link_of(w, "/invite 500 90")
        await w.rows("UPDATE employees SET status='inactive' WHERE user_id=$1", PERSON)
        await w.text(f"/start {code}")
        await w.press(f"consent:{CONSENT_VERSION}:{code}")
        assert (await person(w, PERSON))["status"] == "inactive"

async def test_fired_managers_links_are_over(company_of):
    async with company_of() as w:
        await hire(w, MANAGER, role="manager")
        await office(w, "Baş", MANAGER)
        code = await link_of(w, "/invite 500 90")
        await w.rows("UPDATE employees SET status='inactive' WHERE user_id=$1", MANAGER)
        await w.text(f"/start {code}")
        await w.press(f"consent:{CONSENT_VERSION}:{code}")
        assert await person(w, PERSON) is None

async def test_dismissed_manager_invites(company_of):
    async with company_of() as w:
        await hire(w, MANAGER, role="manager")
        (a,) = await w.text("/invite 500 90", person=MANAGER)
        assert "t.me" not in a.params["text"]

@pytest.mark.parametrize("lang", ["az\0", "x"*4000, "az\u202e", "\ud800"])
async def test_nul_language(worker, lang):
    await worker.text("/start", language=lang)
    await worker.tap()

async def test_start_spam(worker):
    n=0
    await worker.text("/start")
    for _ in range(60):
        n += len(await worker.text("/start"))
    assert n < 20

@pytest.mark.parametrize("cmd", ["/language","/privacy","/forget"])
async def test_spam(worker, cmd):
    n=0
    await worker.text("/start")
    for _ in range(60):
        n += len(await worker.text(cmd))
    assert n < 20

async def test_report_office_i(worker):
    from checkin_worker.office_words import same_name
    assert same_name("İçərişəhər", "içərişəhər")
    assert same_name("Bakı", "BAKI")

async def test_forged_admin_ids(database_url, queues):
    async with desk_side(worker_settings(database_url, registration="approval", admin_ids=frozenset({10**20})), queues) as w:
        await w.text("/start")

async def test_leaving_unknown_ids_noted(worker):
    ADM=ADMIN
    await hire(worker, ADM, role="admin")
    await office(worker, "Baş")
    print([c.params.get("text") for c in await worker.text("/office Baş people -777", person=ADM)])
    print(await worker.rows("select * from audit"))
    print([c.params.get("text") for c in await worker.text("/office Baş people 0", person=ADM)])
    assert not await worker.rows("select * from audit where subjects @> ARRAY[777::bigint]")

async def test_inactive_manager_listed(worker):
    await hire(worker, ADMIN, role="admin")
    await hire(worker, MANAGER, role="manager")
    await office(worker, "Baş", MANAGER)
    await worker.rows("UPDATE employees SET status='inactive' WHERE user_id=$1", MANAGER)
    (a,) = await worker.text("/office Baş", person=ADMIN)
    assert str(MANAGER) not in a.params["text"], a.params["text"]

async def test_removed_office_invite(company_of):
    async with company_of() as w:
        await hire(w, ADMIN, role="admin")
        o = await office(w, "Baş")
        code = await link_of(w, "/invite 5 9 Baş", ADMIN)
        await w.press(f"office:remove:{o}", person=ADMIN)
        await w.text(f"/start {code}")
        await w.press(f"consent:{CONSENT_VERSION}:{code}")
        assert await person(w, PERSON) is None

async def test_mydata_for_recorded_guest(company_of):
    async with company_of() as w:
        await hire(w, PERSON, consent_version=0)
        c = await w.text("/mydata")
        assert not c, c[0].params["text"][:30]

async def test_correction_push_noted(worker):
    await hire(worker, ADMIN, role="admin")
    await worker.text("/start")
    await worker.tap()
    c = await worker.text("/correct 2026-07-06 09:00-09:10 foo")
    print([x.params.get("text") for x in c])
    c = await worker.text("/correct 2026-07-06 09:00-09:30 foo")
    rows = await worker.rows("SELECT * FROM audit")
    assert rows
