"""The people of a load, for locust: each waits 1 to 3 s, acts, and the update of it is posted to /webhook.

    TELEGRAM_WEBHOOK_SECRET=... locust -f tests/load/locustfile.py --host http://127.0.0.1:8080 -u 1000 -r 200 -t 1m

It has no page, unless --headful is said. LOAD_SHAPE names one of the shapes in `tests.load.shapes`. How it is installed
and what it needs of the fleet: docs/load.md.

As Telegram does, all processes together open 100 connections at most, and post again what was not taken: after a 503
when the Retry-After says. Gets on with any other status, and leaves it to be judged.
"""

import os
import random
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

import gevent
from gevent.event import Event
from geventhttpclient.client import HTTPClientPool
from locust import FastHttpUser, events, runners
from locust.env import Environment

from simulator.updates.pauses import Pauses, read_retry_after
from simulator.updates.queue import Update
from tests.load.answers import Answer, Answers
from tests.load.exchange import crowd_of
from tests.load.hosts import refusal
from tests.load.morning import Morning, kind_of
from tests.load.shapes import AT_ONCE, chosen

SECRET: Final = os.environ.get("TELEGRAM_WEBHOOK_SECRET", "")
CONNECTIONS: Final = 100
"""Telegram's, to one webhook."""
PATIENCE: Final = 60.0
"""Seconds after which Telegram takes an answer for none."""
TAKEN: Final = 200
LATER: Final = 503
FOR_EVER: Final = 1e9
runners.HEARTBEAT_LIVENESS = 60  # seconds: on the cores that it keeps busy, a process of locust is silent for long

Shape = chosen()  # locust looks for it among our names; None lets -u, -r and -t hold


class Person(FastHttpUser):
    """Someone with a telephone. Locust counts them; who they are each time is the crowd's to say."""

    morning: Morning
    answers: Answers
    everybody_is_here = Event()

    def wait_time(self) -> float:
        """Seconds before the next act; who comes at once comes once."""
        return FOR_EVER if Shape in AT_ONCE else random.uniform(1, 3)  # noqa: S311 - no secret

    def live(self) -> None:
        """Act, and have it posted until it is taken."""
        if Shape in AT_ONCE:
            self.everybody_is_here.wait()
        update = self.morning.check_in() if Shape in AT_ONCE else self.morning.act()
        pauses = Pauses()
        while (pause := self.post(update, pauses)) is not None:
            gevent.sleep(pause)
        self.morning.taken(update)

    tasks = (live,)

    def post(self, update: Update, pauses: Pauses) -> float | None:
        """Post it; the seconds after which to post it again, None if it was answered for good."""
        posted, begun = time.time(), time.perf_counter()
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
        call = self.client.post("/webhook", data=update.body(), headers=headers, catch_response=True)
        with call as response:
            took, status = time.perf_counter() - begun, int(response.status_code)
            self.answers.note(Answer(update.update_id, kind_of(update), update.chat_id, posted, took, status))
            if status == TAKEN:
                return None
            response.failure(f"answered {status}" if status else "not answered")
            if status not in (0, LATER):
                return None
            return pauses.after_failure(read_retry_after((response.headers or {}).get("Retry-After")))


def add_options(parser: ArgumentParser) -> None:
    """What locust does not ask for."""
    parser.set_defaults(headless=True)
    parser.add_argument("--people", type=int, default=1000, help="How many different people there are.")
    parser.add_argument("--record", default=".", help="The folder for what was posted and answered.")
    parser.add_argument("--own-fleet", action="store_true", help="The host is no loopback address, and you operate it.")


def look_before(environment: Environment, **_: object) -> None:
    """End at once where nothing may be posted."""
    problem = refusal(environment.host, owned=environment.parsed_options.own_fleet)
    if not SECRET:
        problem = "TELEGRAM_WEBHOOK_SECRET is not set: the door lets nobody in who does not show the secret"
    if problem:
        sys.exit(problem if not environment.parsed_options.worker else 1)


def assemble(environment: Environment, **_: object) -> None:
    """Let the people of this process come together; the one that only counts has none."""
    options = environment.parsed_options
    if isinstance(environment.runner, runners.MasterRunner):
        return
    shares, share = options.processes or 1, environment.runner.worker_index
    exchange, crowd = crowd_of(options.people, share, shares)
    Person.morning = Morning(exchange, crowd, random.Random(share))  # noqa: S311 - no secret: repeatable people
    Person.answers = Answers(Path(options.record))
    Person.client_pool = HTTPClientPool(
        concurrency=CONNECTIONS // shares, network_timeout=PATIENCE, connection_timeout=PATIENCE
    )


def begin(**_: object) -> None:
    """All are here."""
    Person.everybody_is_here.set()


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(look_before)
events.init.add_listener(assemble)
events.spawning_complete.add_listener(begin)
