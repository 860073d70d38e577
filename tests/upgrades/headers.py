"""The headers beside a message's bytes, which one release writes and another reads: what ours writes, and how it reads.

The golden files are those of a contract; each holds one example of a kind, and what its release read of it.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import SecretStr

from ingress.intake import Intake
from ingress.polling import Polling
from ops.dead_letters import DeadLetter
from shared.delivery import Delivery, failed, received
from shared.publisher import Headers, Publisher
from shared.topology import GEO_BACKFILL, INGRESS_TURN, UPDATES
from shared.turn import Turn
from tests import handed_out as messages
from tests.upgrades.golden import FOLDER

HEADERS: Final = FOLDER / "headers"
UPDATE: Final = b'{"update_id":7,"message":{"from":{"id":5100000007}}}'


class _Paper(Publisher):
    """Keeps the headers of what is published, instead of a broker."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: Headers = {}

    async def publish(
        self, queue: str, body: bytes, *, key: str, headers: Headers | None = None, expires: float | None = None
    ) -> None:
        del queue, body, key, expires
        self.kept = headers or {}


def taken_in(body: bytes) -> Headers:
    """What the ingress writes beside an update."""
    paper = _Paper()
    polling = Polling(Intake(paper), Turn(INGRESS_TURN), "http://telegram", SecretStr("1:token"))
    asyncio.run(polling._hand_over([msgspec.Raw(body)]))  # noqa: SLF001 - the rest asks a server
    return paper.kept


def written() -> dict[str, Headers]:
    """An example of each kind, by this release."""
    update = taken_in(UPDATE)
    retry = failed(handed_out(GEO_BACKFILL.name, handed_out(UPDATES.name, update).trail), "the geocoder fails")
    long_ago = {**retry, "x-first-failed-at": 1795471200}
    return {
        "update": update,
        "undecodable": taken_in(UPDATE[:-1] + b',"callback_query":[]}'),
        "retry": retry,
        "dead": failed(handed_out(GEO_BACKFILL.name, long_ago), "the geocoder fails again"),
    }


def handed_out(queue: str, headers: Mapping[str, object]) -> Delivery:
    """What a service makes of a message with these headers."""
    return received(queue, messages.handed_out(headers, b"{}", key="7"), alone=False)


def told(headers: Mapping[str, object]) -> dict[str, Any]:
    """All that this release reads of the headers."""
    delivery = handed_out(UPDATES.name, headers)
    letter = DeadLetter(GEO_BACKFILL.dead, "7", b"{}", headers)
    return {
        "received at": delivery.received_at,
        "trail": delivery.trail,
        "tries": delivery.tries,
        "dead": {
            "reason": letter.reason,
            "first": str(letter.first_failed),
            "last": str(letter.last_failed),
            "tries": letter.tries,
            "source": letter.source,
            "goes home with": letter.home,
        },
    }


def files() -> list[Path]:
    """The golden files, oldest first."""
    return sorted(HEADERS.glob("*.json"), key=lambda path: int(path.stem))


def read(path: Path) -> dict[str, dict[str, Any]]:
    """By kind: the headers that were written, and what was told of them."""
    kinds: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return kinds


def write_next() -> None:
    """Keep the headers as they are today."""
    HEADERS.mkdir(exist_ok=True)
    kinds = {kind: {"headers": headers, "told": told(headers)} for kind, headers in written().items()}
    (HEADERS / f"{len(files()) + 1}.json").write_text(json.dumps(kinds, indent=1) + "\n")


def shape(headers: Mapping[str, object]) -> dict[str, str]:
    """The names, and the type under each."""
    return {name: type(value).__name__ for name, value in headers.items()}
