"""`docs/databases.md` says how many connections a check-in worker uses.

As many as its consumers hold messages, but for the updates, of which it stores fewer at once than it holds.
"""

import asyncio
import re
from typing import Any

import pytest
from pydantic import SecretStr

from checkin_worker import app
from checkin_worker.settings import WorkerSettings
from checkin_worker.updates import ALONE
from local.ports import LOOPBACK, free_port
from shared.broker import Link
from shared.consume import Consumer
from shared.lifecycle import Life
from shared.together import GROUPS
from shared.topology import UPDATES, WorkQueue
from tests.docs.pages import DOCS

PAGE = (DOCS / "databases.md").read_text()
ASKS_WHETHER_IT_ANSWERS = 1


async def test_a_worker_uses_as_many_connections_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    most: dict[str, int] = {}

    class Seen(Consumer):
        def __init__(self, queue: WorkQueue, *parts: Any, prefetch: int, deadline: float | None) -> None:  # noqa: ANN401 - passed on
            super().__init__(queue, *parts, prefetch=prefetch, deadline=deadline)
            most[queue.name] = prefetch + queue.alone

    async def nowhere(_link: Link) -> None:
        await asyncio.Event().wait()  # nobody is connected to: what is counted is made before

    monkeypatch.setattr(app, "Consumer", Seen)
    monkeypatch.setattr(Link, "run", nowhere)
    settings = WorkerSettings(
        database_url=SecretStr(f"postgresql://{LOOPBACK}:{free_port()}/nobody"),
        rabbitmq_url=SecretStr(f"amqp://{LOOPBACK}:{free_port()}/"),
        telegram_bot_token=SecretStr("42:TEST"),
        telegram_bot_username="fleet_bot",
        db_pool_min=0,
    )
    async with app.checkin_worker(settings, Life()):
        pass
    said = re.search(r"never uses more than (\d+) at once", PAGE)
    assert said is not None
    assert len(most) == 3
    most[UPDATES.name] = ALONE + GROUPS
    assert int(said[1]) == sum(most.values()) + ASKS_WHETHER_IT_ANSWERS
