"""What a morning takes: copies, connections, memory, the trigger, and how it is told."""

import re
from datetime import time

import pytest
import yaml
from typer.testing import CliRunner

from checkin_worker.app import RECEIPTS_AT_ONCE
from checkin_worker.updates import ALONE
from ops.cli import app
from ops.plan.connections import USED
from ops.plan.costs import MESSAGE, RECORDED, WORKER
from ops.plan.rush import Cap
from ops.plan.sizes import Plan
from ops.plan.timetable import cron
from ops.plan.words import length, told
from shared.contracts import OutboundCall, encode
from shared.together import GROUPS
from shared.topology import RECEIPTS, REPORTS

CAP = Cap(30, 0.025)
REPLY = (
    "✅ Giriş qeydə alındı: 10:56 (vaxtında)\n📍 Nizami küçəsi 203, Nəsimi rayonu, Bakı, AZ1000, Azərbaycan\n"
    "Növbə: 11:00–18:00. Gecikmə yoxdur. Qeyd № 1234-5678"
)


def plan(people: int, window: float) -> Plan:
    return Plan(people, window, CAP)


def run(*words: str, **environment: str) -> str:
    done = CliRunner().invoke(app, ["plan", *words], env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_thousand_within_five_minutes_wait_for_nothing() -> None:
    morning = plan(1000, 300)
    assert (morning.told_within(0.5), morning.told_within(1), morning.replies.most_waiting) == (0.5, 0.5, 0)
    assert morning.copies == {"ingress": 2, "checkin_worker": 2, "geo_worker": 2, "sender": 2, "desk": 1}


def test_of_those_who_come_at_once_half_wait_half_as_long_as_the_last() -> None:
    morning = plan(1000, 0)
    assert morning.told_within(1) == pytest.approx(34.67, abs=0.01)
    assert morning.told_within(0.5) == pytest.approx(17.58, abs=0.01)
    assert morning.replies.most_waiting == pytest.approx(1000)


def test_there_are_workers_to_record_everybody_as_soon_as_promised_and_one_may_die() -> None:
    for people in (300, 700):
        morning = plan(people, 0)
        assert (morning.copies["checkin_worker"] - 1) * RECORDED.value / WORKER.value >= people
        assert morning.recording.last_wait <= RECORDED.value


def test_more_workers_than_postgresql_can_take_are_not_planned() -> None:
    assert plan(10**6, 0).copies["checkin_worker"] == plan(10**7, 0).copies["checkin_worker"]
    assert plan(10**6, 0).recording.last_wait > RECORDED.value


def test_connections_fit_with_the_pool_that_is_said_to_fit() -> None:
    morning = plan(1000, 0)
    fitting = morning.fitting(100)
    assert morning.claim(fitting).total <= 97 < morning.claim(fitting + 1).total
    assert morning.fitting(10_000) == USED, "no worker ever uses more"
    assert morning.fitting(10) == 0


def test_a_worker_uses_what_it_stores_at_once() -> None:
    report, probe = 1, 1
    alone = sum(queue.alone for queue in (RECEIPTS, REPORTS))  # an update's is among those that are stored one by one
    assert ALONE + GROUPS + RECEIPTS_AT_ONCE + report + alone + probe == USED


def test_a_reply_is_smaller_than_what_is_planned_for_it() -> None:
    call = OutboundCall(
        key="reply:5100000007:123456789",
        chat_id=5100000007,
        method="sendMessage",
        params={"chat_id": 5100000007, "text": REPLY},
        created_at=1795940000.123,
    )
    assert MESSAGE.value / 4 < len(encode(call)) < MESSAGE.value


def test_workers_are_there_before_people_come_and_stay_for_the_late() -> None:
    trigger = cron(time(11, 0), 300, "Asia/Baku", 6)
    assert (trigger.start, trigger.end) == ("50 10 * * *", "30 11 * * *")
    assert cron(time(0, 3), 60, "UTC", 2).start == "57 23 * * *"
    assert cron(time(23, 50), 60, "UTC", 2).end == "20 0 * * *"
    assert cron(time(9, 0), 61, "UTC", 2).start == "53 8 * * *"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.5, "0.5 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (61, "1 min 1 s"),
        (300, "5 min"),
        (3599.6, "1 h"),
        (86_390, "1 d"),
        (5 * 3600 + 59, "5 h 1 min"),
        (26 * 3600, "1 d 2 h"),
    ],
)
def test_lengths_are_told_in_two_units(seconds: float, said: str) -> None:
    assert length(seconds) == said


def test_the_command_tells_a_trigger_that_keda_takes_in_the_companys_zone() -> None:
    said = run("--window", "600", CHECKIN_DEADLINE="09:00", TIMEZONE="Europe/Istanbul")
    [trigger] = yaml.safe_load(said[said.index("- type: cron") :])
    assert trigger["metadata"] == {
        "timezone": "Europe/Istanbul",
        "start": "45 8 * * *",
        "end": "30 9 * * *",
        "desiredReplicas": "2",
    }


def test_the_command_needs_no_engine_and_obeys_the_cap_and_the_pool() -> None:
    slow = run("--employees", "600", "--window", "0", SENDER_RATE="10", SENDER_GUARD_MS="0", DB_POOL_MAX="7")
    assert "the last reply          within 1 min" in slow
    assert "= 46 at most, of 100 less 3: it fits" in slow
    assert "too many" in run(DB_POOL_MAX="100")


def test_everybody_in_one_minute_is_the_last_minute_of_the_window() -> None:
    minute = run("--employees", "5000", "--window", "300", "--shape", "minute")
    assert minute == run("--employees", "5000", "--window", "60")
    assert "start: 54 10 * * *" in minute
    assert run("--window", "20", "--shape", "minute") == run("--window", "20")


def test_what_no_queue_holds_is_told() -> None:
    assert "outbound.interactive holds 1,000,000" in run("--employees", "10000000")
    assert "outbound.interactive" not in run("--employees", "10000")


def test_where_no_pool_fits_that_is_told() -> None:
    assert "none fits: max_connections = 36" in run("--max-connections", "10", DB_POOL_MAX="6", DB_POOL_MIN="1")


def test_every_figure_is_on_a_line_of_its_own() -> None:
    lines = told(plan(1000, 0), cron(time(11, 0), 0, "Asia/Baku", 3), 6, 350).splitlines()
    names = [re.split(r" {2,}", line)[0] for line in lines[2:-8]]
    assert len(set(names)) == len(names)
    assert {"a reply, p50", "a reply, p99", "the last reply", "connections", "recorded"} <= {*names}
