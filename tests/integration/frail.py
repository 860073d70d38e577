"""A process that one of its messages kills: `python -m tests.integration.frail URL QUEUE NEIGHBOURS LEDGER`.

The poison waits until its neighbours are in hand too, and then ends the process as a segmentation fault would. The
neighbours do what they are for when they come again. Each line of the ledger is a deed.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from shared.broker import Link
from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.publisher import Publisher
from shared.topology import WorkQueue

POISON = b"poison"


async def main(url: str, name: str, neighbours: int, ledger: Path) -> None:
    """Consume until killed."""
    queue = WorkQueue(name, dead=name.replace("work", "dead"), alone=True)
    together = asyncio.Barrier(neighbours + 1)

    async def handle(delivery: Delivery) -> Verdict:
        with ledger.open("a") as file:
            file.write(f"{delivery.body.decode()} {'alone' if delivery.alone else 'among others'}\n")
        if not delivery.alone:
            await together.wait()
        if delivery.body == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        if not delivery.alone:
            await asyncio.Event().wait()
        return Done()

    publisher = Publisher()
    consumer = Consumer(queue, handle, publisher, prefetch=neighbours + 1, deadline=30)
    links = (Link(SecretStr(url), "frail", [one]) for one in (publisher, consumer))
    await asyncio.gather(*(link.run() for link in links))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
