"""Hostile updates in a worker: each has its effect, or is a dead letter with the reason at the first try."""

import json
import os
from pathlib import Path

import aiohttp
import pytest

from local.fleet import Fleet, plan
from local.folders import LOGS
from shared.delivery import REASON, TRIES, Delivery, Done, received
from shared.errors import Undecodable
from shared.topology import UPDATES
from tests.handed_out import handed_out
from tests.integration.broker_side import held, put, until
from tests.integration.desk_side import DeskSide, delivery
from tests.integration.hostile_updates import HANDLED, POINT, REFUSED, update
from tests.integration.ops_side import connection


def update_of(body: dict[str, object] | bytes) -> Delivery:
    return delivery(body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize("name", HANDLED)
async def test_what_is_odd_is_handled(worker: DeskSide, name: str) -> None:
    assert await worker.handler(update_of(HANDLED[name])) == Done()
    assert await worker.handler(update_of(HANDLED[name])) == Done()


@pytest.mark.parametrize("name", REFUSED)
async def test_what_nobody_can_understand_is_refused_with_the_reason(worker: DeskSide, name: str) -> None:

    with pytest.raises(Undecodable, match=r"not an update: .+") as refused:
        await worker.handler(update_of(REFUSED[name]))
    assert len(str(refused.value)) < 500


async def test_a_workers_process_stands_them_all_and_their_neighbours_are_unharmed(
    database_url: str, rabbitmq_url: str, run: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "LISTEN_ADDRESS": "127.0.0.1",
        "TELEGRAM_BOT_TOKEN": "1:token",
        "TELEGRAM_BOT_USERNAME": "checkin_bot",
        "RABBITMQ_URL": rabbitmq_url,
        "DATABASE_URL": database_url,
        "REGISTRATION": "open",
        "CONSENT": "off",
        "DB_POOL_MIN": "1",
    }
    hostile = [update_of(body).body for body in (*REFUSED.values(), *HANDLED.values())]
    async with (
        Fleet(plan({"checkin_worker": 1}), environment, run / LOGS / "hostile") as fleet,
        connection(database_url) as db,
    ):
        process = fleet.child("checkin_worker")
        for number, body in enumerate(hostile):
            await put(rabbitmq_url, UPDATES.name, body)
            neighbour = update(1000 + number, person=1000 + number, location=POINT)
            await put(rabbitmq_url, UPDATES.name, json.dumps(neighbour).encode())

        async def all_settled() -> bool:
            url = fleet.services["checkin_worker"].metrics_url
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                lines = (await answer.text()).splitlines()
            settled = [line for line in lines if line.startswith("fleet_settled_total{fate=") and '"updates"' in line]
            return sum(float(line.rsplit(maxsplit=1)[1]) for line in settled) == 2 * len(hostile)

        await until(all_settled, 60)
        assert process.status is None
        came = await db.fetchval("SELECT count(*) FROM sessions WHERE user_id BETWEEN 1000 AND 1999")
        assert came == len(hostile)
    letters = await held(rabbitmq_url, UPDATES.dead)
    assert [letter.body for letter in letters if letter.headers[TRIES] == 1] == [
        update_of(body).body for body in REFUSED.values()
    ]
    assert all(str(letter.headers[REASON]).startswith("not an update: ") for letter in letters)


@pytest.mark.parametrize("stamp", [2**63 - 1, -(2**63), 10**15])
async def test_a_moment_that_is_none_in_a_header_counts_as_none(worker: DeskSide, stamp: int) -> None:
    body = json.dumps(update(1, location=POINT)).encode()
    assert await worker.handler(delivery(body, received_at=stamp)) == Done()


def test_a_count_of_tries_below_nothing_counts_as_none() -> None:
    assert received("updates", handed_out({TRIES: -9}), alone=False).tries == 0
