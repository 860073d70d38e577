"""`fleet sent`: did she get the reply? What the ledger says of a chat, on the company's clock."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import asyncpg
import pytest

from checkin_worker.receipts import ReceiptHandler
from ops.commands.sent import HEADINGS, IN_WORDS
from ops.sent import SENT
from shared.contracts import CallOutcome
from tests.integration.desk_side import PERSON, DeskSide
from tests.integration.ops_side import BAKU, Said, connection, fleet, hire
from tests.integration.receipt_side import receipt, tell

NOW = datetime.fromtimestamp(0, UTC)
"""When the test began, a whole second."""
AT_TABLE = {"COLUMNS": "240", "TTY_COMPATIBLE": "1", "NO_COLOR": "1"}
"""What makes rich write as for a terminal."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.NOW", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connection(database_url) as opened:
        yield opened


async def called(
    db: asyncpg.Connection, key: str, *, ago: float = 60.0, outcome: CallOutcome = "sent", chat: int = PERSON
) -> None:
    """A call that was made so many seconds ago, and settled in half a second."""
    await db.execute(
        "INSERT INTO calls (chat_id, key, method, priority, what, outcome, created_at, settled_at) "
        "VALUES ($1, $2, 'sendMessage', 'interactive', $2, $3, $4, $5)",
        *(chat, key, outcome, NOW - timedelta(seconds=ago), NOW - timedelta(seconds=ago - 0.5)),
    )


def told(said: Said) -> list[dict[str, str]]:
    """The rows between tabs, by heading; the first line says who it is."""
    assert said.status == 0, said.problems
    lines = [line.split("\t") for line in said.out.splitlines() if "\t" in line]
    assert tuple(lines[0]) == HEADINGS
    return [dict(zip(HEADINGS, line, strict=True)) for line in lines[1:]]


def whats(said: Said) -> list[str]:
    return [row["what"] for row in told(said)]


async def test_she_got_the_reply(worker: DeskSide, database_url: str) -> None:
    await worker.text("/start")
    ledger = ReceiptHandler(worker.pool)
    at = NOW - timedelta(minutes=5)
    await tell(ledger, receipt("9:0", at=at, doubtful=1))
    await tell(
        ledger, receipt("9:1", at=at, priority="bulk", campaign_id=4, outcome="refused", reason="Bad Request: x")
    )
    said = await fleet(database_url, "sent", "--user", PERSON, "--since", "2h")
    assert said.out.splitlines()[0] == f"Ləman Əliyeva ({PERSON})"
    reply, campaign = told(said)
    made, settled = ((at - timedelta(seconds=ago)).astimezone(BAKU) for ago in (30, 0))
    assert reply == {
        "created": f"{made:%Y-%m-%d %H:%M:%S}",
        "settled": f"{settled:%H:%M:%S}" if settled.date() == made.date() else f"{settled:%Y-%m-%d %H:%M:%S}",
        "wait": "30.0 s",
        "what": "✅ Giriş qeydə alındı",
        "kind": "sendMessage, interactive",
        "outcome": "sent",
        "message": "77",
        "doubtful tries": "1",
        "reason": "",
    }
    assert (campaign["kind"], campaign["reason"]) == ("sendMessage, bulk, campaign 4", "Bad Request: x")
    assert campaign["outcome"] == "not sent: Telegram refused it"


async def test_every_outcome_is_said_in_words(db: asyncpg.Connection, database_url: str) -> None:
    await hire(db, PERSON)
    for outcome in get_args(CallOutcome):
        await called(db, outcome, outcome=outcome)
    rows = told(await fleet(database_url, "sent", "--user", PERSON))
    assert {row["what"]: row["outcome"] for row in rows} == IN_WORDS


async def test_people_see_a_table_without_the_columns_that_say_nothing(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, PERSON)
    await called(db, "[red]Salam[/red]")
    said = await fleet(database_url, "sent", "--user", PERSON, **AT_TABLE)
    assert "┃ what " in said.out
    assert "[red]Salam[/red]" in said.out
    assert "doubtful" not in said.out
    assert "reason" not in said.out


async def test_the_period_the_outcomes_and_the_number_are_what_was_asked_for(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, PERSON, 5)
    for key, ago in (("old", 7200), ("middle", 3600), ("young", 60)):
        await called(db, key, ago=ago)
    await called(db, "failed", ago=50, outcome="failed")
    await called(db, "of another", chat=5)

    async def ask(*words: object) -> list[str]:
        return whats(await fleet(database_url, "sent", "--user", PERSON, *words))

    assert await ask() == ["old", "middle", "young", "failed"]
    assert await ask("--since", "90m") == ["middle", "young", "failed"]
    assert await ask("--until", "90m") == ["old"]
    assert await ask("--since", f"{(NOW - timedelta(seconds=3600.2)).astimezone(BAKU):%Y-%m-%d %H:%M:%S}") == [
        "middle",
        "young",
        "failed",
    ]
    assert await ask("--outcome", "failed") == ["failed"]
    assert await ask("--outcome", "failed", "--outcome", "sent", "--limit", 2) == ["young", "failed"]
    said = await fleet(database_url, "sent", "--user", PERSON, "--limit", 1)
    assert said.out.splitlines()[-1] == "the newest 1 of 4; --limit shows more"


async def test_a_call_that_waited_over_the_beginning_of_the_period_is_within_it(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, PERSON)
    await called(db, "waited", ago=600)
    await db.execute("UPDATE calls SET settled_at = $1", NOW - timedelta(minutes=2))
    [row] = told(await fleet(database_url, "sent", "--user", PERSON, "--since", "4m"))
    assert row["wait"] == "0:08:00"


async def test_that_nothing_is_found_is_said_with_where_the_ledger_begins(
    db: asyncpg.Connection, database_url: str
) -> None:
    await hire(db, PERSON)
    said = await fleet(database_url, "sent", "--user", PERSON)
    assert said.out.endswith("; the ledger is empty\n")
    await called(db, "of another", ago=3600, chat=5)
    said = await fleet(database_url, "sent", "--user", PERSON, "--since", "2h")
    shown = [f"{(NOW - ago).astimezone(BAKU):%Y-%m-%d %H}:" for ago in (timedelta(hours=2), timedelta(hours=1))]
    assert said.out.splitlines()[1].startswith(f"nothing was sent between {shown[0]}")
    assert f"; the ledger reaches back to {shown[1]}" in said.out
    said = await fleet(database_url, "sent", "--user", PERSON, "--outcome", "failed")
    assert "nothing of that outcome was sent between" in said.out


async def test_it_says_who_that_is_and_whether_they_can_be_reached(db: asyncpg.Connection, database_url: str) -> None:
    await hire(db, 5)
    await hire(db, 6, chat=False)
    await db.execute("UPDATE employees SET unreachable_since = '2026-11-24T06:52:00Z' WHERE user_id = 5")
    said = {who: (await fleet(database_url, "sent", f"--user={who}")).out.splitlines()[0] for who in (5, 6, 7, -1001)}
    nobody = "nobody whom the company knows; what was said to them is not kept"
    assert said == {
        5: "Ləman No5 (5): cannot be reached since 2026-11-24 10:52",
        6: "Ləman No6 (6): never wrote to the bot",
        7: f"7: {nobody}",
        -1001: f"-1001: {nobody}",
    }


async def test_a_part_of_a_name_will_do_where_it_is_one_persons(db: asyncpg.Connection, database_url: str) -> None:
    await hire(db, *range(1, 14))
    await db.execute("UPDATE employees SET official_name = 'Əliyev İlham Ilqar oğlu' WHERE user_id = 2")
    await called(db, "hers", chat=2)
    for written in ("ilham", "əliyev i", "ILQAR", "ılqar", "No2"):
        assert whats(await fleet(database_url, "sent", "--user", written)) == ["hers"], written
    said = await fleet(database_url, "sent", "--user", "No1")
    assert (said.status, said.problems) == (
        2,
        [
            "more than one person is called 'No1': say --user with the number",
            *(f"{number}  Ləman No{number}" for number in (1, 10, 11, 12, 13)),
        ],
    )
    assert (await fleet(database_url, "sent", "--user", "Ləman")).problems[-1] == "and others"
    for written in ("nobody%", "", "\0", "_"):
        said = await fleet(database_url, "sent", "--user", written)
        assert said.status == 2
        assert said.problems[0].startswith("nobody is called ")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--user", 2**60),
        ("--user", 5, "--since", "yesterday"),
        ("--user", 5, "--until", "25:00"),
        ("--user", 5, "--since", "1h", "--until", "2h"),
        ("--user", 5, "--outcome", "lost"),
        ("--user", 5, "--limit", 0),
    ],
    ids=str,
)
async def test_words_that_make_no_sense_are_status_2(database_url: str, words: tuple[object, ...]) -> None:
    said = await fleet(database_url, "sent", *words)
    assert said.status == 2
    assert "Traceback" not in "".join(said.problems)


async def test_a_chat_is_found_by_its_index_in_a_large_ledger(db: asyncpg.Connection) -> None:
    await db.execute(
        "INSERT INTO calls SELECT n % 1000, n::text, 'sendMessage', 'bulk', NULL, '', 'sent', '', 0, 0, now(), now() "
        "FROM generate_series(1, 50000) n"
    )
    await db.execute("ANALYZE calls")
    query = SENT.replace("$1", "5").replace("$2", "now() - interval '1 day'").replace("$3", "now()")
    query = query.replace("$4", "NULL").replace("$5", "50")
    plan = "\n".join(row[0] for row in await db.fetch(f"EXPLAIN {query}"))
    assert "Seq Scan" not in plan
