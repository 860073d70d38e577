"""/office through a worker: the list, a new office by its location, and what an admin changes."""

import pytest

from shared.contracts import OutboundCall
from shared.texts import LANGUAGES, texts_in
from tests.integration.desk_side import DeskSide
from tests.integration.staff import BAKU_OFFICE, office, person

ADMIN, MANAGER = 31, 21
ANAR, BASAT = 11, 12
PORT = (40.3756, 49.8634)


@pytest.fixture
async def place(worker: DeskSide) -> int:
    """An office, with Anar in it and Basat in none; its manager; and an admin."""
    first = await office(worker, "Baş ofis")
    await person(worker, ANAR, "Anar", works=[first])
    await person(worker, BASAT, "Basat")
    await person(worker, MANAGER, "Müdirə", role="manager", manages=[first])
    await person(worker, ADMIN, "Admin", role="admin")
    return first


def text(calls: list[OutboundCall]) -> str:
    (call,) = (call for call in calls if call.method != "answerCallbackQuery")
    return str(call.params["text"])


def buttons(calls: list[OutboundCall]) -> list[str]:
    rows = [row for call in calls for row in call.params.get("reply_markup", {}).get("inline_keyboard", [])]
    return [button["callback_data"] for row in rows for button in row]


async def say(worker: DeskSide, command: str, person: int = ADMIN) -> str:
    return text(await worker.text(command, person=person))


async def names(worker: DeskSide) -> list[str]:
    """The offices in use."""
    return [row["name"] for row in await worker.rows("SELECT name FROM offices WHERE removed_at IS NULL ORDER BY 1")]


async def recorded(worker: DeskSide) -> int:
    (row,) = await worker.rows("SELECT count(*) AS taps FROM attendance_events")
    return int(row["taps"])


@pytest.mark.usefixtures("place")
async def test_an_admin_sees_all_offices_with_people_and_radius_a_manager_their_own(worker: DeskSide) -> None:
    await office(worker, "Port Baku", PORT)
    assert (await say(worker, "/office")).splitlines() == [
        "🏢 Ofislər: 2",
        "",
        "🏢 Baş ofis: 1 nəfər, radius 150 m",
        "🏢 Port Baku: 0 nəfər, radius 150 m",
    ]
    assert (await say(worker, "/office", MANAGER)).splitlines()[2:] == ["🏢 Baş ofis: 1 nəfər, radius 150 m"]


async def test_without_offices_the_list_says_so(worker: DeskSide) -> None:
    await person(worker, ADMIN, "Admin", role="admin")
    assert await say(worker, "/office") == "🏢 Hələ ofis yoxdur."


@pytest.mark.usefixtures("place")
async def test_many_offices_are_listed_a_page_at_a_time(worker: DeskSide) -> None:
    for number in range(44):
        await office(worker, f"Filial {number:02}")
    first = await worker.text("/office", person=ADMIN)
    assert (len(text(first).splitlines()), buttons(first)) == (22, ["office:list:1"])
    second = await worker.press("office:list:1", person=ADMIN)
    assert [call.method for call in second] == ["answerCallbackQuery", "editMessageText"]
    assert buttons(second) == ["office:list:0", "office:list:2"]
    last = await worker.press("office:list:999", person=ADMIN)
    assert (len(text(last).splitlines()), buttons(last)) == (7, ["office:list:1"])
    (wait,) = [await worker.press("office:list:1", person=ADMIN) for _ in range(12)][-1]
    assert wait.params["text"] == "⏳ Bir az gözləyin, sonra yenidən basın.", "who turns without end"


@pytest.mark.usefixtures("place")
async def test_one_office_is_described_with_its_managers_and_the_look_is_noted(worker: DeskSide) -> None:
    assert (await say(worker, "/office baş ofis")).splitlines() == [
        "🏢 Baş ofis: 1 nəfər, radius 150 m",
        "📍 40.37171, 49.85050 · 🕘 Asia/Baku",
        "👤 Rəhbərlər: Müdirə (21)",
    ]
    assert [tuple(row) for row in await worker.rows("SELECT actor_id, action, subjects FROM audit")] == [
        (ADMIN, "office", [MANAGER])
    ]


@pytest.mark.usefixtures("place")
async def test_a_location_after_the_question_is_the_new_offices_place_and_no_check_in(worker: DeskSide) -> None:
    asked = await worker.text("/office add Port Baku radius 200", person=ADMIN)
    assert "«Port Baku»" in text(asked)
    assert buttons(asked) == ["office:cancel"]
    worker.later(minutes=2)
    said = text(await worker.tap(*PORT, person=ADMIN))
    assert "«Port Baku» əlavə olundu" in said
    assert "gəliş-gediş kimi qeydə alınmadı" in said
    (row,) = await worker.rows("SELECT * FROM offices WHERE name = 'Port Baku'")
    assert (row["latitude"], row["longitude"], row["radius_m"], row["timezone"]) == (*PORT, 200, "Asia/Baku")
    assert await recorded(worker) == 0
    worker.later(minutes=1)
    assert "qeydə alındı" in text(await worker.tap(*PORT, person=ADMIN)), "the next one is a check-in again"
    (event,) = await worker.rows("SELECT fence, office_id FROM attendance_events")
    assert (event["fence"], event["office_id"]) == ("inside", row["office_id"]), "and the office is one at once"


@pytest.mark.usefixtures("place")
async def test_a_venue_may_say_where_an_office_is_though_it_is_no_check_in(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku Asia/Baku", person=ADMIN)
    point = {"latitude": PORT[0], "longitude": PORT[1]}
    venue = {"location": point, "title": "Port Baku", "address": "Neftçilər 151"}
    await worker.write({"location": point, "venue": venue}, person=ADMIN)
    assert await names(worker) == ["Baş ofis", "Port Baku"]


@pytest.mark.usefixtures("place")
async def test_cancelled_the_next_location_is_a_check_in(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    ended = await worker.press("office:cancel", person=ADMIN)
    assert [call.method for call in ended] == ["answerCallbackQuery", "editMessageText"]
    assert "«Port Baku» əlavə olunmadı" in text(ended)
    await worker.tap(*PORT, person=ADMIN)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)
    (again,) = await worker.press("office:cancel", person=ADMIN)
    assert (again.method, again.params["text"]) == ("answerCallbackQuery", "Ləğv ediləcək bir şey yoxdur.")


@pytest.mark.usefixtures("place")
async def test_five_minutes_later_a_location_is_a_check_in_again(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    worker.later(minutes=5, seconds=1)
    await worker.tap(*PORT, person=ADMIN)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)


@pytest.mark.usefixtures("place")
async def test_a_location_that_was_sent_before_the_question_and_comes_after_it_is_a_check_in(
    worker: DeskSide,
) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    worker.later(seconds=-30)
    await worker.tap(*PORT, person=ADMIN)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)


@pytest.mark.usefixtures("place")
async def test_what_is_asked_of_one_admin_is_not_asked_of_another(worker: DeskSide) -> None:
    await person(worker, 32, "Başqa", role="admin")
    await worker.text("/office add Port Baku", person=ADMIN)
    await worker.tap(*PORT, person=32)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)


@pytest.mark.usefixtures("place")
async def test_an_admin_who_is_one_no_more_checks_in(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    await worker.rows("UPDATE employees SET role = 'manager' WHERE user_id = $1", ADMIN)
    await worker.tap(*PORT, person=ADMIN)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)


@pytest.mark.usefixtures("place")
async def test_a_place_that_is_not_on_earth_is_refused_and_may_be_sent_again(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    assert text(await worker.tap(91.0, 49.0, person=ADMIN)).startswith("Belə bir yer yoxdur")
    await worker.tap(*PORT, person=ADMIN)
    assert await names(worker) == ["Baş ofis", "Port Baku"]


@pytest.mark.usefixtures("place")
async def test_a_name_is_given_once(worker: DeskSide) -> None:
    assert "artıq var" in await say(worker, "/office add BAŞ  ofis")
    await worker.text("/office add Port Baku", person=ADMIN)
    await office(worker, "Port Baku")
    assert "artıq var" in text(await worker.tap(*PORT, person=ADMIN)), "somebody else was faster"
    assert await recorded(worker) == 0


@pytest.mark.usefixtures("place")
async def test_the_same_update_again_opens_nothing_again(worker: DeskSide) -> None:
    await worker.text("/office add Port Baku", person=ADMIN)
    first = text(await worker.tap(*PORT, person=ADMIN))
    worker.last_update -= 1
    assert text(await worker.tap(*PORT, person=ADMIN)) == first
    assert (await names(worker), await recorded(worker)) == (["Baş ofis", "Port Baku"], 0)


@pytest.mark.usefixtures("place")
async def test_a_manager_changes_no_office(worker: DeskSide) -> None:
    for command in ("/office add Ev", "/office Baş ofis radius 10", "/office Baş ofis remove", "/office Baş ofis"):
        assert (await say(worker, command, MANAGER)).startswith("Ofisləri yalnız administratorlar")
    await worker.tap(*PORT, person=MANAGER)
    assert (await names(worker), await recorded(worker)) == (["Baş ofis"], 1)
    (row,) = await worker.rows("SELECT radius_m FROM offices")
    assert row["radius_m"] == 150
    (call,) = await worker.press("office:remove:1", person=MANAGER)
    assert call.params["text"] == "Bu düymə artıq işləmir."


@pytest.mark.usefixtures("place")
async def test_the_radius_of_an_office_changes(worker: DeskSide) -> None:
    assert await say(worker, "/office Baş ofis radius 300") == "✅ «Baş ofis»: radius indi 300 m."
    (row,) = await worker.rows("SELECT radius_m FROM offices")
    assert row["radius_m"] == 300


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(("command", "said"), [
    ("/office Yoxdur radius 200", "«Yoxdur radius 200» adlı ofis yoxdur"),
    ("/office Baş ofis radius 5", "Radius 50–10.000 metr olmalıdır"),
    ("/office Baş ofis people Əli", "Telegram ID-sini yazın"),
    ("/office Baş ofis people 404 11", "Bu ID-lər tanınmır: 404"),
    ("/office Baş ofis manager 404", "Bu ID-lər tanınmır: 404"),
    ("/office Baş ofis fly", "/office – ofislərin siyahısı"),
    ("/office add", "/office – ofislərin siyahısı"),
    ("/office add " + "x" * 41, "ən çoxu 40 hərf"),
    ("/office add Ev Asia/Bakı", "«Asia/Bakı» adlı saat qurşağı yoxdur"),
    ("/office " + "x " * 2000, "adlı ofis yoxdur"),
])  # fmt: skip
async def test_what_cannot_be_done_is_said_in_words_and_changes_nothing(
    worker: DeskSide, command: str, said: str
) -> None:
    before = await worker.rows("SELECT * FROM offices, employee_offices, office_managers")
    assert said in await say(worker, command)
    assert await worker.rows("SELECT * FROM offices, employee_offices, office_managers") == before


async def test_people_are_put_into_an_office_and_taken_out(worker: DeskSide, place: int) -> None:
    assert "🏢 Baş ofis: 1 nəfər" in await say(worker, f"/office Baş ofis people {BASAT} -{ANAR}")
    rows = await worker.rows("SELECT user_id, office_id FROM employee_offices")
    assert [tuple(row) for row in rows] == [(BASAT, place)]
    audited = await worker.rows("SELECT actor_id, action, subjects FROM audit ORDER BY audit_id")
    assert [tuple(row) for row in audited] == [
        (ADMIN, "office people", [ANAR, BASAT]),
        (ADMIN, "office", [MANAGER]),
    ], "and whom the answer names"


@pytest.mark.usefixtures("place")
async def test_who_was_not_in_the_office_was_not_taken_out_of_it(worker: DeskSide) -> None:
    await worker.text(f"/office Baş ofis people -{BASAT} -77", person=ADMIN)
    (audited,) = await worker.rows("SELECT subjects FROM audit WHERE action = 'office people'")
    assert audited["subjects"] == []


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("loss", ["status = 'inactive'", "role = 'employee'"])
async def test_who_has_no_say_any_more_is_not_named_as_a_manager(worker: DeskSide, loss: str) -> None:
    await worker.rows(f"UPDATE employees SET {loss} WHERE user_id = $1", MANAGER)  # noqa: S608 - of ours
    assert texts_in("az").say("office-unmanaged") in await say(worker, "/office Baş ofis")


async def test_the_first_office_of_a_person_stays_the_first(worker: DeskSide, place: int) -> None:
    port = await office(worker, "Port Baku", PORT)
    for _ in range(2):
        await worker.text(f"/office Port Baku people {ANAR}", person=ADMIN)
    rows = await worker.rows("SELECT office_id FROM employee_offices WHERE user_id = $1 ORDER BY position", ANAR)
    assert [row["office_id"] for row in rows] == [place, port]


@pytest.mark.usefixtures("place")
async def test_whoever_is_appointed_becomes_a_manager_and_sees_the_office(worker: DeskSide) -> None:
    assert "👤 Rəhbərlər: Basat (12), Müdirə (21)" in await say(worker, f"/office Baş ofis manager {BASAT}")
    assert "Anar" in text(await worker.text("/now", person=BASAT, first_name="Basat"))
    await worker.text(f"/office Baş ofis manager -{BASAT}", person=ADMIN)
    assert "Anar" not in text(await worker.text("/now", person=BASAT, first_name="Basat"))


@pytest.mark.usefixtures("place")
async def test_an_admin_who_is_appointed_stays_an_admin(worker: DeskSide) -> None:
    await worker.text(f"/office Baş ofis manager {ADMIN}", person=ADMIN)
    (row,) = await worker.rows("SELECT role FROM employees WHERE user_id = $1", ADMIN)
    assert row["role"] == "admin"


@pytest.mark.usefixtures("place")
async def test_an_office_in_which_somebody_works_is_not_removed(worker: DeskSide) -> None:
    assert "işləyənlər var" in await say(worker, "/office Baş ofis remove")
    await worker.text(f"/office Baş ofis people -{ANAR}", person=ADMIN)
    asked = await worker.text("/office Baş ofis remove", person=ADMIN)
    await worker.text(f"/office Baş ofis people {ANAR}", person=ADMIN)
    (refused,) = await worker.press(buttons(asked)[0], person=ADMIN)
    assert refused.params["text"].startswith("Silinmədi"), "asked again at the press"
    assert await names(worker) == ["Baş ofis"]


async def test_an_office_that_is_removed_is_no_place_any_more_but_what_happened_there_keeps_it(
    worker: DeskSide, place: int
) -> None:
    await worker.tap(*BAKU_OFFICE, person=BASAT, horizontal_accuracy=5.0)
    await worker.rows("UPDATE employees SET status = 'inactive' WHERE user_id = $1", ANAR)
    asked = await worker.text("/office Baş ofis remove", person=ADMIN)
    assert buttons(asked) == [f"office:remove:{place}", "office:keep"]
    assert text(await worker.press("office:keep", person=ADMIN)) == "↩️ Ofis qalır."
    assert "silindi" in text(await worker.press(f"office:remove:{place}", person=ADMIN))
    (again,) = await worker.press(f"office:remove:{place}", person=ADMIN)
    assert (again.method, again.params["show_alert"]) == ("answerCallbackQuery", True), "what is shown stays"
    assert await names(worker) == []
    assert await say(worker, "/office") == "🏢 Hələ ofis yoxdur."
    assert await say(worker, "/office", MANAGER) == "🏢 Hələ ofis yoxdur."
    (session,) = await worker.rows("SELECT start_office_id FROM sessions")
    assert session["start_office_id"] == place
    worker.later(minutes=10)
    await worker.tap(*BAKU_OFFICE, person=BASAT, horizontal_accuracy=5.0)
    (event,) = await worker.rows("SELECT fence FROM attendance_events ORDER BY sent_at DESC LIMIT 1")
    assert event["fence"] is None, "there is no office to be inside of"


async def test_an_office_that_is_removed_takes_the_invitations_to_it_along(worker: DeskSide, place: int) -> None:
    await worker.text(f"/office Baş ofis people -{ANAR}", person=ADMIN)
    await worker.text("/invite 5 9 Baş ofis", person=ADMIN)
    await worker.press(f"office:remove:{place}", person=ADMIN)
    (invitation,) = await worker.rows("SELECT office_id, uses_left FROM invites")
    assert tuple(invitation) == (place, 0)


async def test_the_name_of_an_office_that_was_removed_may_be_given_again(worker: DeskSide, place: int) -> None:
    await worker.text(f"/office Baş ofis people -{ANAR}", person=ADMIN)
    await worker.press(f"office:remove:{place}", person=ADMIN)
    worker.later(minutes=1)
    await worker.text("/office add Baş ofis radius 99", person=ADMIN)
    await worker.tap(*PORT, person=ADMIN)
    (row,) = await worker.rows("SELECT latitude, radius_m FROM offices WHERE removed_at IS NULL")
    assert tuple(row) == (PORT[0], 99)
    assert await worker.rows("SELECT FROM office_managers") == [], "it is a new one"


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_list_of_the_longest_names_fits_a_message(worker: DeskSide, language: str) -> None:
    for number in range(25):
        await office(worker, f"{number:02}" + "👩" * 38)
    shown = text(await worker.text("/office", person=ADMIN, language=language))
    assert len(shown.encode("utf-16-le")) // 2 <= 4096
    for number in range(25):
        await person(worker, 200 + number, "👩" * 64, role="manager", manages=[1])
    described = text(await worker.text("/office Baş ofis", person=ADMIN, language=language))
    assert described.endswith("…")
    assert len(described.encode("utf-16-le")) // 2 <= 4096
    assert texts_in(language).say("office-place", place="40.37171, 49.85050", zone="Asia/Baku") in described


@pytest.mark.usefixtures("place")
async def test_a_malicious_name_is_one_harmless_line(worker: DeskSide) -> None:
    await worker.text("/office add \u202e<b>Ev</b>\u0000 *x*", person=ADMIN)
    worker.later(seconds=5)
    await worker.tap(*PORT, person=ADMIN)
    assert await names(worker) == ["<b>Ev</b> *x*", "Baş ofis"]
