"""What is fuzzed of what processes leave for each other: in Redis, in the queue of a right, in the inbox.

Each stands any bytes, as all of `targets.py`; the coroutines wait for nothing.
"""

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

import msgspec

from geo_worker.addresses import Addresses
from geo_worker.geocoders import Policy
from sender import departures
from sender.items import Priority
from sender.orders import Orders
from sender.pacer import WINDOW, Pacer
from sender.places import Places
from sender.receipts import receipt_of
from sender.silences import EVERYBODY, Silences
from shared.contracts import OutboundCall, Receipts, decode, encode
from shared.sealed import unsealed
from shared.topology import SENDER_TURN
from shared.turn import KNOCKS, NOTE, WILL, Turn

if TYPE_CHECKING:
    from aio_pika.abc import AbstractIncomingMessage

    from geo_worker.provider import Provider

NOW: Final = 1795471200.0
RATE: Final = 30
GUARD: Final = 0.025
CALL: Final = OutboundCall(key="7:0", chat_id=5, method="sendMessage", params={}, created_at=NOW - 1)
PROVIDER: Final = cast("Provider", SimpleNamespace(source="photon", policy=Policy()))


class _Store:
    """Redis, with the same value under each key."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def get(self, key: str) -> str:
        del key
        return self._value

    async def put(self, key: str, value: str, seconds: int) -> None:
        del key, value
        assert seconds > 0


async def redis(body: bytes) -> None:
    """Whatever Redis holds, each of its readers does not believe it or goes on with it."""
    store = _Store(body.decode(errors="replace"))  # what is no UTF-8 `shared.cache` takes for Redis being away
    await _places(store)
    await _silences(store)
    known = await Addresses(store, lambda: NOW).find(PROVIDER, "az", "8a2c9e0d1b7ffff")
    assert known is None or known.kept_until > NOW


async def _places(store: _Store) -> None:
    """What is believed of a call can be told."""
    places = Places(store, lambda: 0.0, store)
    if (ending := await places.fate(CALL.key, CALL.created_at, NOW)) is not None:
        told = Receipts(receipts=[receipt_of(CALL, Priority.INTERACTIVE, ending)])
        assert decode(Receipts, encode(told)) == told
    if (change := await places.early(CALL.key)) is not None:
        assert decode(OutboundCall, encode(change)) == change


async def _silences(store: _Store) -> None:
    silences = Silences(store, lambda: NOW)
    assert all(seconds > 0 for seconds in (await silences.left()).values())
    await silences.keep(EVERYBODY, 1.0)
    assert (await silences.left())[EVERYBODY] >= 1.0


async def turn(body: bytes) -> None:
    """Whatever comes in the queue of a right is kept or settled, and any estate is inherited or not believed."""
    for kind in (KNOCKS, WILL, NOTE, "of tomorrow"):
        await _taken(kind, body)
    if (ages := departures._ages(body)) is not None:  # noqa: SLF001 - the rest of the departures needs a sender
        pacer = Pacer(RATE, GUARD, 0.0)
        pacer.inherit(ages, 10.0, 11.0)
        delay = pacer.delay(11.0)
        assert delay is not None
        assert 0 <= delay <= WINDOW + GUARD


async def _taken(kind: str, body: bytes) -> None:
    """Take it twice, as the broker may hand it out; only knocks of others and orders that hold stay in hand."""
    right = Turn(SENDER_TURN, lambda: NOW, Orders(lambda: None, lambda: NOW))
    settled: set[int] = set()
    for tag in (1, 2):

        async def settle(tag: int = tag, **_how: bool) -> None:
            settled.add(tag)

        message = SimpleNamespace(type=kind, body=body, delivery_tag=tag, ack=settle, reject=settle)
        await right._take(right._lease, cast("AbstractIncomingMessage", message))  # noqa: SLF001 - in the place of a broker
    assert kind in (KNOCKS, NOTE) or settled == {1, 2}


def inbox(body: bytes) -> None:
    """What is read is written and read again as the same."""
    # what cannot be read is tried again like all that a handler fails on, and is a dead letter in the end
    with contextlib.suppress(ValueError, RecursionError):
        messages = unsealed(body)
        assert unsealed(msgspec.msgpack.encode(messages)) == messages
