"""`fleet employees`: people come from a file, all or none, and are shown, let go and given roles."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.integration.desk_side import PERSON, DeskSide
from tests.integration.ops_side import Said, connection, fleet, hire

HEAD = "user_id,full_name,role,offices,schedule,language\n"
BAKU_OFFICE = (40.37171, 49.85050)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A company with two offices and a schedule."""
    async with connection(database_url) as opened:
        await opened.executemany(
            "INSERT INTO offices (name, latitude, longitude, radius_m, timezone) VALUES ($1, $2, $3, 150, 'Asia/Baku')",
            [("Baş ofis", *BAKU_OFFICE), ("Gənclik", 40.4, 49.85)],
        )
        await opened.execute("INSERT INTO schedules (name, starts, ends) VALUES ('night', '22:00', '06:00')")
        yield opened


async def imported(database_url: str, tmp_path: Path, text: str | bytes, *options: str) -> Said:
    file = tmp_path / "people.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return await fleet(database_url, "employees", "import", file, *options)


async def everybody(db: asyncpg.Connection) -> list[tuple[object, ...]]:
    query = """
    SELECT user_id, official_name, role, status, language,
        ARRAY(SELECT o.name FROM employee_offices w JOIN offices o USING (office_id) WHERE w.user_id = e.user_id
              ORDER BY position) AS offices,
        ARRAY(SELECT s.name FROM schedule_assignments a JOIN schedules s USING (schedule_id)
              WHERE a.user_id = e.user_id) AS schedules
    FROM employees e ORDER BY user_id
    """
    return [tuple(row.values()) for row in await db.fetch(query)]


async def test_a_file_makes_people_and_the_same_file_again_changes_nothing(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    text = HEAD + "5,Ləman Əliyeva,manager,Gənclik;Baş ofis,night,ru\n6,=CMD(),,,,\n"
    assert await imported(database_url, tmp_path, text) == Said(0, "2 new, 0 changed, 0 unchanged\n", [])
    people = await everybody(db)
    assert people == [
        (5, "Ləman Əliyeva", "manager", "active", "ru", ["Gənclik", "Baş ofis"], ["night"]),
        (6, "=CMD()", "employee", "active", None, [], []),
    ]
    assert await db.fetchval("SELECT count(*) FROM employees WHERE chat_id IS NULL AND full_name = official_name") == 2
    assert (await imported(database_url, tmp_path, text)).out == "0 new, 0 changed, 2 unchanged\n"
    assert await everybody(db) == people


async def test_a_changed_file_changes_what_it_says_and_leaves_what_it_does_not_say(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    await imported(database_url, tmp_path, HEAD + "5,Ləman,admin,Baş ofis,night,tr\n6,Əli,,,,\n7,Tural,,,,\n")
    await db.execute("UPDATE employees SET chat_id = 5, full_name = 'Leman 🌸' WHERE user_id = 5")
    changes = "user_id,full_name,offices\n5,Ləman Əliyeva,\n6,Əli,Gənclik\n7,Tural,\n8,Nigar,\n"
    assert (await imported(database_url, tmp_path, changes)).out == "1 new, 2 changed, 1 unchanged\n"
    assert await everybody(db) == [
        (5, "Ləman Əliyeva", "admin", "active", "tr", ["Baş ofis"], ["night"]),
        (6, "Əli", "employee", "active", None, ["Gənclik"], []),
        (7, "Tural", "employee", "active", None, [], []),
        (8, "Nigar", "employee", "active", None, [], []),
    ]
    assert await db.fetchval("SELECT full_name FROM employees WHERE user_id = 5") == "Leman 🌸", "Telegram's stays"


async def test_a_dry_run_tells_the_same_and_writes_nothing(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    await imported(database_url, tmp_path, HEAD + "5,Ləman,,,,\n6,Əli,,,,\n")
    people, text = await everybody(db), HEAD + "5,Ləman,,,,\n6,Əli,admin,Baş ofis,night,az\n7,Tural,,,,\n"
    dry = await imported(database_url, tmp_path, text, "--dry-run")
    assert dry.out == "dry run, nothing written: 1 new, 1 changed, 1 unchanged\n"
    assert await everybody(db) == people
    assert (await imported(database_url, tmp_path, text)).out == "1 new, 1 changed, 1 unchanged\n"


async def test_one_wrong_line_keeps_everybody_out_and_all_wrong_lines_are_named(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    text = HEAD + '5,Ləman,,,,\nx,"Two\nlines",,,,\n7,Tural,,Mars,,\n'
    for option in ((), ("--dry-run",)):
        said = await imported(database_url, tmp_path, text, *option)
        assert said.status == 2
        assert [problem.partition(":")[0] for problem in said.problems] == ["line 3", "line 5"]
        assert said.out == ""
    assert await everybody(db) == []


async def test_a_file_that_is_not_there_or_not_text_is_one_sentence(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    missing = await fleet(database_url, "employees", "import", tmp_path / "none.csv")
    folder = await fleet(database_url, "employees", "import", tmp_path)
    binary = await imported(database_url, tmp_path, b"\x80\x02\xff")
    assert [said.status for said in (missing, folder, binary)] == [2, 2, 2]
    assert missing.problems == [f"{tmp_path}/none.csv cannot be read: No such file or directory"]
    assert folder.problems == [f"{tmp_path} cannot be read: Is a directory"]
    assert binary.problems == ["line 1: not UTF-8: save the file as `CSV UTF-8`"]
    assert await everybody(db) == []


async def test_an_imported_person_who_writes_is_an_employee_with_the_companys_name(
    db: asyncpg.Connection, database_url: str, tmp_path: Path, worker: DeskSide
) -> None:
    await imported(database_url, tmp_path, HEAD + f"{PERSON},Əliyeva Ləman Vaqif qızı,,Gənclik;Baş ofis,,en\n")
    (call,) = await worker.tap(*BAKU_OFFICE, horizontal_accuracy=10)
    assert "Əliyeva Ləman Vaqif qızı" in call.params["text"]
    assert "Baş ofis" in call.params["text"]
    assert "checked in" in call.params["text"], "in English"
    [row] = await db.fetch("SELECT chat_id, full_name FROM employees")
    assert tuple(row) == (PERSON, "Ləman Əliyeva")


async def test_whoever_is_deactivated_does_not_come_back_by_a_link_that_was_about_before(
    db: asyncpg.Connection, database_url: str, worker: DeskSide
) -> None:
    await worker.tap()
    await db.execute(
        "INSERT INTO invites (created_by, uses_left, expires_at) VALUES (1, 500, now() + interval '1 day'),"
        " (1, 0, now() + interval '1 day'), (1, 5, now() - interval '1 day')"
    )
    await fleet(database_url, "employees", "deactivate", PERSON)
    await fleet(database_url, "employees", "deactivate", PERSON)
    used = await db.fetch("SELECT uses_left FROM invite_uses JOIN invites USING (invite_id) WHERE user_id = $1", PERSON)
    assert [row["uses_left"] for row in used] == [500]


async def test_somebody_deactivated_is_a_stranger_and_comes_back_by_activate_or_by_import(
    db: asyncpg.Connection, database_url: str, tmp_path: Path, worker: DeskSide
) -> None:
    await worker.tap()
    said = await fleet(database_url, "employees", "deactivate", PERSON, PERSON)
    assert said.out == "1 person deactivated, 0 inactive before\n"
    assert (await fleet(database_url, "employees", "deactivate", PERSON)).out.startswith("0 people deactivated, 1 ")
    worker.later(hours=1)
    await worker.tap()
    assert await db.fetchval("SELECT count(*) FROM attendance_events") == 1
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE end_time IS NULL") == 1, "left to the day's end"
    assert (await fleet(database_url, "employees", "activate", PERSON)).out == "1 person activated, 0 active before\n"
    worker.later(hours=1)
    await worker.tap()
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE end_time IS NOT NULL") == 1
    await fleet(database_url, "employees", "deactivate", PERSON)
    assert (
        await imported(database_url, tmp_path, HEAD + f"{PERSON},Ləman,,,,\n")
    ).out == "0 new, 1 changed, 0 unchanged\n"
    assert await db.fetchval("SELECT status FROM employees") == "active"


async def test_who_comes_back_is_employed_from_then_on(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    await hire(db, 5, 6, status="inactive")
    await hire(db, 7)
    await fleet(database_url, "employees", "activate", 5)
    await imported(database_url, tmp_path, HEAD + "6,Əli,,,,\n7,Tural,,,,\n")
    fresh = await db.fetch("SELECT user_id FROM employees WHERE enrolled_at > now() - interval '1 minute' ORDER BY 1")
    assert [row["user_id"] for row in fresh] == [5, 6]


async def test_a_role_is_given_and_a_manager_looks_after_the_offices_that_are_named(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, 5)
    early = await fleet(database_url, "employees", "manage", 5, "Baş ofis")
    assert (early.status, early.problems) == (2, ["5 is an employee: run `fleet employees role 5 manager` first"])
    assert (await fleet(database_url, "employees", "role", 5, "manager")).out == "5 is manager now\n"
    assert (await fleet(database_url, "employees", "role", 5, "manager")).out == "5 is manager already\n"

    async def managed() -> list[str]:
        rows = await db.fetch("SELECT name FROM office_managers JOIN offices USING (office_id) ORDER BY office_id")
        return [row["name"] for row in rows]

    said = await fleet(database_url, "employees", "manage", 5, "Baş ofis", "Gənclik")
    assert said.out == "5 manages Baş ofis, Gənclik\n"
    assert await managed() == ["Baş ofis", "Gənclik"]
    assert (await fleet(database_url, "employees", "manage", 5, "Gənclik")).status == 0
    assert (await fleet(database_url, "employees", "manage", 5, "Gənclik")).out == "5 manages Gənclik already\n"
    assert await managed() == ["Gənclik"]
    assert (await fleet(database_url, "employees", "manage", 5, "Gənclik", "Mars")).status == 2
    assert (await fleet(database_url, "employees", "manage", 5)).status == 2
    assert await managed() == ["Gənclik"]
    assert (await fleet(database_url, "employees", "manage", 5, "--none")).out == "5 manages no office\n"
    assert await managed() == []


async def test_who_is_unknown_is_named_and_nobody_is_changed(db: asyncpg.Connection, database_url: str) -> None:
    await hire(db, 5)
    await db.execute("UPDATE employees SET status = 'forgotten', user_id = -1 WHERE user_id = 5")
    await hire(db, 6)
    for words in (("deactivate", 6, 5, 7), ("activate", 5, 7), ("role", 7, "admin"), ("manage", 7, "Gənclik")):
        said = await fleet(database_url, "employees", *words)
        assert said.status == 2
        assert said.problems[-1] == "nobody has the id 7: see `fleet employees list`"
    assert await db.fetchval("SELECT status FROM employees WHERE user_id = 6") == "active"


@pytest.mark.parametrize(
    "words", [("role", 5, "boss"), ("deactivate", "x"), ("deactivate", 0), ("deactivate",), ("list", "--status", "x")]
)
async def test_words_that_make_no_sense_are_status_2(words: tuple[object, ...], database_url: str) -> None:
    said = await fleet(database_url, "employees", *words)
    assert said.status == 2
    assert "Traceback" not in "".join(said.problems)


async def test_the_list_for_a_spreadsheet_executes_nothing_and_can_be_imported(
    db: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    await imported(
        database_url,
        tmp_path,
        HEAD + '5,=CMD(),,Gənclik;Baş ofis,night,ru\n6,"@SUM(1), ""x""",,,,\n7,Əli,admin,,,\n8,-2+3,,,,\n9,+1,,,,\n',
    )
    await hire(db, 10, status="inactive")
    said = await fleet(database_url, "employees", "list", "--csv")
    rows = list(csv.DictReader(said.out.splitlines(keepends=True)))
    names = {row["user_id"]: row["full_name"] for row in rows}
    assert names == {"5": "'=CMD()", "6": '\'@SUM(1), "x"', "7": "Əli", "8": "'-2+3", "9": "'+1", "10": "Ləman No10"}
    assert rows[[row["user_id"] for row in rows].index("5")]["offices"] == "Gənclik;Baş ofis"
    only = await fleet(database_url, "employees", "list", "--csv", "--status", "active", "--office", "Gənclik")
    assert [row["user_id"] for row in csv.DictReader(only.out.splitlines())] == ["5"]
    assert (await fleet(database_url, "employees", "list", "--office", "Mars")).status == 2
    lines = [line.rpartition(",")[0] for line in only.out.splitlines()]
    assert (await imported(database_url, tmp_path, "\n".join(lines).replace("'=", "="))).out.endswith("1 unchanged\n")


async def test_the_table_shows_names_as_they_are(db: asyncpg.Connection, database_url: str) -> None:
    await hire(db, 5)
    await db.execute("UPDATE employees SET official_name = '[red]Ə[/red]'")
    said = await fleet(database_url, "employees", "list", COLUMNS="200")
    assert said.status == 0
    assert "[red]Ə[/red]" in said.out


async def test_the_table_says_who_never_wrote_and_who_cannot_be_reached(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, 5)
    await hire(db, 6, chat=False)
    await hire(db, 7)
    await db.execute("UPDATE employees SET unreachable_since = now() WHERE user_id = 7")
    said = await fleet(database_url, "employees", "list", COLUMNS="200")
    rows = [line.split("│") for line in said.out.splitlines() if "Ləman" in line]
    assert [row[-2].strip() for row in rows] == ["yes", "not yet", "cannot be reached"]


async def test_a_database_that_is_away_or_not_migrated_is_a_sentence_and_status_1(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(HEAD + "5,Ləman,,,,\n")
    away = await fleet("postgresql://fleet@127.0.0.1:1/none", "employees", "import", file)
    assert away.status == 1
    assert away.problems[0].startswith("Asking the database (is DATABASE_URL right and the server up?) failed: ")
    async with connection(database_url) as opened:
        await opened.execute("ALTER TABLE employees RENAME TO people")
    unready = await fleet(database_url, "employees", "import", file)
    assert unready.status == 1
    assert unready.problems[0].endswith("(run `fleet migrate` first)")
    assert [len(said.problems) for said in (away, unready)] == [1, 1]
