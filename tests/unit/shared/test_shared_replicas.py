"""Which of several replicas a reader asks first."""

import contextlib
import random
from typing import TYPE_CHECKING, cast

from structlog.testing import capture_logs

from local.ports import LOOPBACK, free_port
from shared.database import replica_pools
from shared.replicas import Reader
from shared.settings import DatabaseSettings

if TYPE_CHECKING:
    from shared.database import Connection


class Primary:
    """A primary that says how far it has come."""

    async def fetchrow(self, _question: str) -> dict[str, object]:
        return {"lsn": "0/1", "timeline": 1}


async def test_readers_who_read_once_do_not_all_ask_the_same_replica_first() -> None:
    nobody = ",".join(f"postgresql://u:p@{LOOPBACK}:{free_port()}/x" for _ in range(2))
    fields = {"database_url": "postgresql://not-asked/x", "database_replica_urls": nobody, "db_pool_min": 0}
    settings = DatabaseSettings.model_validate(fields)
    primary = cast("Connection", Primary())
    first = set()
    for seed in range(8):
        random.seed(seed)
        async with contextlib.aclosing(Reader(replica_pools(settings))) as reader:
            with capture_logs() as logs:
                async with reader.connection(primary) as lent:
                    assert lent is primary
        first.add(logs[0]["replica"])
    assert len(first) == 2
