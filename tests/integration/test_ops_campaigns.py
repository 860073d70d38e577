"""`fleet campaign ...` with a real sender, a real ledger and a simulated Telegram: nobody gets it twice."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import structlog
from pydantic import SecretStr

from checkin_worker.app import RECEIPTS_AT_ONCE
from checkin_worker.receipts import ReceiptHandler
from local.command import FLEET
from local.engines import Engines
from ops import campaign_feed
from ops.bulk import BulkPublisher
from ops.campaign_feed import Seen, feed
from ops.campaigns import TALLY
from ops.settings import ReminderSettings
from shared.consume import Consumer
from shared.contracts import OutboundCall
from shared.database import PrimaryPool
from shared.errors import BrokerUnavailable
from shared.publisher import Publisher
from shared.topology import RECEIPTS
from tests.integration.broker_side import LIMIT, linked, until
from tests.integration.desk_side import worker_settings
from tests.integration.ops_side import Said, connection, fleet, hire, operator
from tests.integration.post_side import Post, open_post

AT_TABLE = {"COLUMNS": "200", "TTY_COMPATIBLE": "1", "NO_COLOR": "1"}
"""What makes rich write a table in one line a row."""
TEXT = "Salam, {name}! Sabah iş günü deyil."
PEOPLE = 120
"""Of a long campaign: four seconds at the cap, in which it can be stopped midway."""


@dataclass
class Company:
    """Who works here, the services that serve them, and what an operator says."""

    post: Post
    db: asyncpg.Connection
    environment: dict[str, str]
    folder: Path

    async def says(self, *words: object) -> Said:
        """Run `fleet campaign ...`."""
        environment = {name: value for name, value in self.environment.items() if name != "DATABASE_URL"}
        return await fleet(self.environment["DATABASE_URL"], "campaign", *words, **environment)

    async def starts(self, *words: object) -> Said:
        """Start the usual campaign, and wait for its end."""
        return await self.says("start", "Bayram", "--text", f"az={self.text()}", *words)

    def text(self, said: str = TEXT) -> Path:
        """The file with the text."""
        path = self.folder / "az.txt"
        path.write_text(said)
        return path

    async def hires(self, number: int) -> list[int]:
        """People who can be written to."""
        people = [self.post.person() for _ in range(number)]
        await hire(self.db, *people)
        return people

    async def begun(self, people: int = PEOPLE, lasts: str = "1 hour") -> int:
        """A campaign that is started and that nobody feeds yet; returns its number."""
        number: int = await self.db.fetchval(
            "INSERT INTO campaigns (name, texts, ends_at) VALUES ('Bayram', $1, now() + $2::text::interval) "
            "RETURNING campaign_id",
            *('{"az": "Salam, {name}!"}', lasts),
        )
        await self.hires(people)
        await self.db.execute(
            "INSERT INTO campaign_recipients (campaign_id, user_id) SELECT $1, user_id FROM employees", number
        )
        return number

    def settings(self) -> ReminderSettings:
        """The operator's."""
        return ReminderSettings(
            database_url=SecretStr(self.environment["DATABASE_URL"]),
            rabbitmq_url=SecretStr(self.post.url),
            consent="off",
        )

    async def people(self) -> list[int]:
        """Everybody."""
        return [row["user_id"] for row in await self.db.fetch("SELECT user_id FROM employees ORDER BY user_id")]

    async def arrivals(self) -> list[int]:
        """How many messages each person got."""
        return [len(self.post.texts(person)) for person in await self.people()]

    async def has_come(self, number: int) -> None:
        """Wait until so many people have got it."""

        async def so_many() -> bool:
            return sum(await self.arrivals()) >= number

        await until(so_many)


class Unwatched:
    """Looks on without a word, and lets a test wait for what a feeder sees."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.problems: list[Exception] = []

    def see(self, seen: Seen) -> None:
        self.seen.append(seen)

    def away(self, problem: Exception) -> None:
        self.problems.append(problem)

    def sees(self, true: Callable[[Seen], bool]) -> Awaitable[None]:
        async def has() -> bool:
            return bool(self.seen) and true(self.seen[-1])

        return until(has)


@pytest.fixture(scope="module")
async def post(engines: Engines) -> AsyncIterator[Post]:
    with structlog.testing.capture_logs():  # or what the sender says is in what the command says
        async with open_post(engines, "campaigns", redis=12, people=900) as opened:
            yield opened


@pytest.fixture(scope="module")
async def ledger(engines: Engines, template: str, post: Post) -> AsyncIterator[str]:
    """One database for all tests: the sender's orders know a campaign by its number, so no number comes again."""
    url = await engines.postgres.create_database("campaigns", template)
    publisher = Publisher()
    async with contextlib.aclosing(PrimaryPool(worker_settings(url))) as pool:
        receipts = Consumer(RECEIPTS, ReceiptHandler(pool), publisher, prefetch=RECEIPTS_AT_ONCE, deadline=LIMIT)
        async with linked(post.url, publisher, receipts):
            yield url
    await engines.postgres.drop_database("campaigns")


@pytest.fixture
async def company(post: Post, ledger: str, tmp_path: Path) -> AsyncIterator[Company]:
    async with connection(ledger) as db:
        await db.execute("DELETE FROM employees")
        await db.execute("DELETE FROM campaigns")
        environment = {"DATABASE_URL": ledger, "RABBITMQ_URL": post.url, "CONSENT": "off"}
        yield Company(post, db, environment, tmp_path)


async def test_everybody_gets_it_once_by_first_name_and_in_their_language(company: Company) -> None:
    azeri, russian, turk = (company.post.person() for _ in range(3))
    await hire(company.db, azeri)
    await hire(company.db, russian, language="ru")
    await hire(company.db, turk, language="tr")
    (company.folder / "tr.txt").write_text("\ufeffİyi günler, {name}! 🎉\n")
    said = await company.starts("--text", f"tr={company.folder / 'tr.txt'}")
    lines = said.out.splitlines()
    assert (said.status, lines[0]) == (0, "3 people (1 az, 1 ru, 1 tr); left out: nobody")
    assert lines[-1].endswith("(Bayram) is done: 3 people: 3 sent")
    assert company.post.texts(azeri) == company.post.texts(russian) == ["Salam, Ləman! Sabah iş günü deyil."]
    assert company.post.texts(turk) == ["İyi günler, Ləman! 🎉"]


async def test_who_cannot_or_must_not_get_it_is_left_out_and_counted(company: Company) -> None:
    due, lost, unseen, gone = (company.post.person() for _ in range(4))
    await hire(company.db, due, lost)
    await hire(company.db, unseen, chat=False)
    await hire(company.db, gone, status="inactive")
    await company.db.execute("UPDATE employees SET unreachable_since = now() WHERE user_id = $1", lost)
    said = await company.starts()
    assert said.out.splitlines()[0] == "1 person (1 az); left out: 1 unreachable, 1 never wrote to the bot"
    assert await company.arrivals() == [1, 0, 0, 0]


async def test_without_a_consent_nobody_gets_it_where_one_is_required(company: Company) -> None:
    agreed, silent = company.post.person(), company.post.person()
    await hire(company.db, agreed, consent=1)
    await hire(company.db, silent)
    company.environment["CONSENT"] = "required"
    said = await company.starts()
    assert said.out.splitlines()[0] == "1 person (1 az); left out: 1 have not consented"
    assert (company.post.texts(silent), len(company.post.texts(agreed))) == ([], 1)


async def test_only_those_of_an_office_get_it(company: Company) -> None:
    here, _ = await company.hires(2)
    await company.db.execute(
        "WITH new AS (INSERT INTO offices (name, latitude, longitude, radius_m, timezone) "
        "VALUES ('Sahil', 40.37, 49.84, 100, 'Asia/Baku') RETURNING office_id) "
        "INSERT INTO employee_offices (user_id, office_id) SELECT $1, office_id FROM new",
        here,
    )
    said = await company.starts("--office", "Sahil")
    assert (said.status, await company.arrivals()) == (0, [1, 0])
    said = await company.starts("--office", "Nowhere")
    assert said.status == 2
    assert "Nowhere" in said.problems[0]


async def test_the_tally_says_whom_telegram_did_not_reach_and_a_later_campaign_leaves_them_out(
    company: Company,
) -> None:
    _, blocker = await company.hires(2)
    company.post.telegram.faults.blocked.add(blocker)
    said = await company.starts()
    assert said.out.splitlines()[-1].endswith("is done: 2 people: 1 sent, 1 unreachable")
    said = await company.says("start", "Novruz", "--text", f"az={company.text()}")
    assert said.out.splitlines()[0] == "1 person (1 az); left out: 1 unreachable"


async def test_a_message_of_which_nobody_knows_whether_it_arrived_is_counted_as_such_and_not_repeated(
    company: Company,
) -> None:
    await company.hires(1)
    company.post.telegram.faults.reset_after_next = 1
    said = await company.starts()
    assert said.out.splitlines()[-1].endswith("is done: 1 person: 1 unknown, as no answer came")
    assert await company.arrivals() == [1]


async def test_a_dry_run_says_who_would_get_it_and_writes_nothing(company: Company) -> None:
    await company.hires(2)
    said = await company.starts("--dry-run")
    assert said == Said(0, "2 people (2 az); left out: nobody\ndry run, nothing is written\n", [])
    assert await company.db.fetchval("SELECT count(*) FROM campaigns") == 0
    assert await company.arrivals() == [0, 0]


async def test_what_cannot_be_started_is_refused_with_all_its_problems(company: Company) -> None:
    assert "nobody would get it" in (await company.starts()).problems[0]
    await company.hires(1)
    assert (await company.starts()).status == 0
    said = await company.starts()
    assert said.status == 2
    assert "is number" in said.problems[0]
    assert "(done): nothing is started twice" in said.problems[0]
    said = await company.says("start", "two\nlines", "--text", f"az={company.text()}", "--late-after", "30d")
    assert [problem.split(":")[0].split(" is ")[0] for problem in said.problems] == [
        "a campaign's name",
        "--late-after",
    ]
    said = await company.says("show", 999_999)
    assert said.problems == ["there is no campaign 999999: see `fleet campaign list`"]


async def test_a_pause_withdraws_what_waits_and_after_it_everybody_gets_it_once(company: Company) -> None:
    number = await company.begun()
    watcher = Unwatched()
    feeding = asyncio.create_task(feed(company.settings(), number, watcher))
    await company.has_come(20)
    said = await company.says("pause", number)
    assert f"is paused: `fleet campaign resume {number}` lets it go on" in said.out
    await watcher.sees(lambda seen: seen.campaign.state == "paused" and not seen.tally.fates.get("queued"))
    came, tally = sum(await company.arrivals()), watcher.seen[-1].tally
    assert 20 <= came == tally.fates["sent"] < PEOPLE
    assert tally.fates["withdrawn"] == PEOPLE - came
    assert "goes on" in (await company.says("resume", number)).out
    ended = await feeding
    assert (ended.campaign.state, ended.tally.fates) == ("done", {"sent": PEOPLE})
    assert await company.arrivals() == [1] * PEOPLE
    assert (await company.says("pause", number)).problems == [
        f"campaign {number} is done: it cannot be paused any more"
    ]


async def test_after_a_cancel_nobody_else_gets_it(company: Company) -> None:
    number = await company.begun()
    feeding = asyncio.create_task(feed(company.settings(), number, Unwatched()))
    await company.has_come(20)
    said = await company.says("cancel", number)
    assert "is cancelled: what waits of it is dropped" in said.out
    ended = await feeding
    assert ended.tally.fates == {"sent": sum(await company.arrivals()), "withdrawn": PEOPLE - ended.tally.fates["sent"]}
    assert ended.tally.fates["sent"] < PEOPLE
    assert max(await company.arrivals()) == 1
    listed = await operator({**company.environment, **AT_TABLE}, "campaign", "list")
    row = [cell.strip() for cell in listed.splitlines()[-2].split("│")[1:-1]]
    assert (row[0], row[2], row[5]) == (str(number), "cancelled", str(PEOPLE))
    assert (await company.says("resume", number)).status == 2


async def test_a_feeder_that_dies_before_it_can_say_what_it_queued_gives_nobody_two(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await company.begun(people=40)
    publish = BulkPublisher.publish

    async def then_dies(self: BulkPublisher, calls: list[OutboundCall]) -> None:
        await publish(self, calls[: len(calls) // 2])
        monkeypatch.setattr(BulkPublisher, "publish", publish)
        raise BrokerUnavailable("the connection died")

    monkeypatch.setattr(BulkPublisher, "publish", then_dies)
    monkeypatch.setattr(campaign_feed, "RETRY", 0.1)
    watcher = Unwatched()
    ended = await feed(company.settings(), number, watcher)
    assert [str(problem) for problem in watcher.problems] == ["the connection died"]
    assert ended.tally.fates == {"sent": 40}
    assert await company.arrivals() == [1] * 40


async def test_two_feeders_at_once_share_the_people(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_feed, "PORTION", 7)
    number = await company.begun(people=60)
    ended = await asyncio.gather(*(feed(company.settings(), number, Unwatched()) for _ in range(2)))
    assert [one.tally.fates for one in ended] == [{"sent": 60}, {"sent": 60}]
    assert await company.arrivals() == [1] * 60


async def test_what_is_too_late_is_not_sent_whether_it_was_queued_or_not(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_feed, "LOW", 1)
    monkeypatch.setattr(campaign_feed, "PORTION", 5)
    words = {name: value for name, value in company.environment.items() if name != "DATABASE_URL"}
    await fleet(company.environment["DATABASE_URL"], "pause", "bulk", **words)
    number = await company.begun(people=12, lasts="1 second")
    watcher = Unwatched()
    feeding = asyncio.create_task(feed(company.settings(), number, watcher))
    await watcher.sees(lambda seen: seen.tally.fates == {"queued": 5, "expired": 7})
    await fleet(company.environment["DATABASE_URL"], "resume", "bulk", **words)
    assert (await feeding).tally.fates == {"expired": 12}
    assert await company.arrivals() == [0] * 12


async def test_who_has_left_meanwhile_is_not_written_to(company: Company) -> None:
    number = await company.begun(people=3)
    leaver, *_ = await company.people()
    await company.db.execute("UPDATE employees SET status = 'inactive' WHERE user_id = $1", leaver)
    ended = await feed(company.settings(), number, Unwatched())
    assert ended.tally.fates == {"left": 1, "sent": 2}
    assert company.post.texts(leaver) == []
    assert "3 people: 2 sent, 1 not with us any more" in (await company.says("show", number)).out


async def test_no_person_is_compared_with_each_call_though_nothing_is_known_of_how_many_there_are(
    company: Company,
) -> None:
    await company.db.execute(
        "INSERT INTO calls (chat_id, key, method, priority, what, outcome, created_at, settled_at) "
        "SELECT n, n || ':0', 'sendMessage', 'interactive', '', 'sent', now(), now() FROM generate_series(1, 20000) n"
    )
    await company.db.execute("ANALYZE calls")
    number = await company.begun(people=50)
    await company.db.execute(
        "INSERT INTO calls (chat_id, key, method, priority, campaign_id, what, outcome, created_at, settled_at) "
        "SELECT n, 'campaign:' || $1::bigint || ':' || n, 'sendMessage', 'bulk', $1, '', 'sent', now(), now() "
        "FROM generate_series(1, 1000) n",
        number,
    )
    for query, values in ((TALLY, ([number],)), (campaign_feed.TAKE, (number, 600, False))):
        plan = await company.db.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *values)
        assert '"Join Filter"' not in plan, plan


async def test_what_was_taken_out_of_the_queue_by_hand_does_not_keep_a_campaign_open(company: Company) -> None:
    number = await company.begun(people=2)
    await company.db.execute(
        "UPDATE campaigns SET created_at = now() - interval '1 day', ends_at = now() - interval '11 minutes'"
    )
    await company.db.execute("UPDATE campaign_recipients SET queued_at = now()")
    ended = await feed(company.settings(), number, Unwatched())
    assert (ended.campaign.state, ended.tally.fates) == ("done", {"expired": 2})


async def test_a_command_that_is_interrupted_says_how_to_go_on_and_another_one_does(company: Company) -> None:
    await company.hires(PEOPLE)
    command = (FLEET, "campaign", "start", "Bayram", "--text", f"az={company.text()}")
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": "/usr/bin:/bin", **company.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    await company.has_come(20)
    process.send_signal(signal.SIGINT)
    said, _ = await process.communicate()
    number = await company.db.fetchval("SELECT campaign_id FROM campaigns")
    assert (process.returncode, f"`fleet campaign run {number}` goes on" in said.decode()) == (130, True)
    said_later = await company.says("run", number)
    assert said_later.out.splitlines()[-1] == f"campaign {number} (Bayram) is done: {PEOPLE} people: {PEOPLE} sent"
    assert await company.arrivals() == [1] * PEOPLE
