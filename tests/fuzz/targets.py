"""What is fuzzed: everything of ours that reads bytes, each as a function that stands any bytes.

A target raises nothing but for a defect. What the code promises to raise (`Undecodable`, `GeocoderFailed`) is caught
here, and what it promises of its result is asserted.
"""

import asyncio
import contextlib
import functools
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC
from typing import Any, Final, TypeVar, cast

import structlog
from aiogram import Bot
from pydantic import SecretStr

from checkin_worker import updates
from checkin_worker.incoming import decoded, who_speaks
from checkin_worker.reports.request import ReportRequest
from geo_worker.choice import Choice
from geo_worker.geocoders import ADDRESS_LENGTH, Geocoder, GeocoderFailed
from geo_worker.geocoders.google import Google
from geo_worker.geocoders.mapbox import Mapbox
from geo_worker.geocoders.nominatim import Nominatim
from geo_worker.geocoders.photon import Photon
from ingress.intake import Intake
from ingress.polling import Polling, answered
from ingress.sources import caller
from ops.dead_letters import DeadLetter
from sender.orders import Orders
from shared import contracts, tls
from shared.contracts import Message, decode, encode
from shared.delivery import REASON, TRIES, received
from shared.errors import Undecodable
from shared.publisher import Headers, Publisher
from shared.topology import INGRESS_TURN
from shared.tracing import Step
from shared.turn import Turn
from tests.fuzz import left_behind
from tests.handed_out import handed_out

Target = Callable[[bytes], None]
T = TypeVar("T")

CONTRACTS: Final[tuple[type[Message], ...]] = (
    contracts.OutboundCall,
    contracts.Receipts,
    contracts.Order,
    contracts.GeoRequest,
    contracts.GeocoderChoice,
    contracts.GeoStatus,
    ReportRequest,
)


class _Paper(Publisher):
    """Takes what is published, instead of a broker."""

    async def publish(
        self, queue: str, body: bytes, *, key: str, headers: Headers | None = None, expires: float | None = None
    ) -> None:
        assert queue
        assert key
        assert headers
        assert all(not isinstance(value, int) or abs(value) < 2**63 for value in headers.values())
        del body, expires


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as over:
        result: T = over.value
        return result
    raise AssertionError("it waited for something")


def intake(body: bytes) -> None:
    """Any body has a fate, and what is published with it fits into headers."""
    assert _at_once(Intake(_Paper()).take(body, Step(""))) in {"queued", "dropped", "dead"}


def polled(body: bytes) -> None:
    """Any answer to getUpdates is refused or has its updates taken, and the offset only grows."""
    polling = Polling(Intake(_Paper()), Turn(INGRESS_TURN), "http://telegram", SecretStr("1:token"))
    for _ in range(2):
        before = polling._offset  # noqa: SLF001 - what Telegram is told
        with contextlib.suppress(Undecodable):
            asyncio.run(polling._hand_over(answered(body).result))  # noqa: SLF001 - the rest asks a server
        assert 0 <= before <= polling._offset <= 2**63  # noqa: SLF001 - as above


def contract(kind: type[Message], body: bytes) -> None:
    """What is read is written and read again as the same."""
    with contextlib.suppress(Undecodable):
        message = decode(kind, body)
        assert decode(kind, encode(message)) == message


@functools.cache
def _bot() -> Bot:
    return Bot("1:token")


def update(body: bytes) -> None:
    """Any body is an update, of somebody whose number the database holds or of nobody, or is refused."""
    with contextlib.suppress(Undecodable):
        user = who_speaks(decoded(body, _bot()))
        assert user is None or abs(user.id) <= 2**63


@functools.cache
def _geocoders() -> Mapping[str, Geocoder]:
    async def made() -> dict[str, Geocoder]:
        key = SecretStr("key")
        kinds: tuple[Geocoder, ...] = (
            Photon("http://photon/reverse", None, 1.0),
            Nominatim("http://nominatim/reverse", None, None, 1.0),
            Google(None, key, None, 1.0),
            Mapbox(None, key, None, 1.0),
        )
        for each in kinds:
            await each.aclose()  # nobody is asked
        return {each.name: each for each in kinds}

    return asyncio.run(made())


def geocoder(name: str, body: bytes) -> None:
    """Any answer is an address of one line, none, or a failure."""

    async def answer(*_asked: object) -> bytes:
        return body

    async def gate() -> None:
        return None

    asked = cast("Any", _geocoders()[name])
    asked._http._body = answer  # noqa: SLF001 - in the place of a server
    with contextlib.suppress(GeocoderFailed):
        address = _at_once(asked.reverse(40.4, 49.8, "az", gate))
        assert address is None or (address.isprintable() and 0 < len(address) <= ADDRESS_LENGTH)


def headers(body: bytes) -> None:
    """Whatever stands in a message's headers, it has been tried so often, came then, and is readable when dead."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = {TRIES: body.decode(errors="replace"), REASON: len(body)}
    if not isinstance(said, dict):
        said = {TRIES: said, "x-death": said, "update_id": said, "received_at": said}
    delivery = received("updates", handed_out(said, body), alone=False)
    assert delivery.tries >= 0
    assert all(isinstance(value, str | int) for value in delivery.trail.values())
    assert updates._received_at(delivery).tzinfo is UTC  # noqa: SLF001 - what the worker makes of it
    letter = DeadLetter("dead.updates", "", body, said)
    assert isinstance(letter.reason, str)
    assert letter.first_failed is None or letter.first_failed.tzinfo is UTC
    assert letter.last_failed is None or letter.last_failed.tzinfo is UTC


def notes(body: bytes) -> None:
    """Any note is kept, replaces another, or is given up."""
    orders, choice = Orders(lambda: None, clock=lambda: 1e9), Choice(lambda _choice: None)
    for keeper in (orders, choice):
        assert set(keeper.keep(1, body)) <= {1}
        assert set(keeper.keep(2, body)) <= {1, 2}


def forwarded(body: bytes) -> None:
    """No header makes it fail."""
    text = body.decode("latin-1")
    for proxies in range(3):
        caller(text, text.split("\n"), proxies)


def address(body: bytes) -> None:
    """Any address is taken or refused with a reason that quotes nothing of it."""
    text = body.decode(errors="replace")
    for scheme in ("amqps", "rediss", "postgresql"):
        with contextlib.suppress(ValueError):
            tls.check(f"{scheme}://{text}")


TARGETS: Final[Mapping[str, Target]] = {
    "intake": intake,
    "polled": polled,
    **{f"contract-{kind.__name__}": functools.partial(contract, kind) for kind in CONTRACTS},
    "update": update,
    **{f"geocoder-{name}": functools.partial(geocoder, name) for name in ("photon", "nominatim", "google", "mapbox")},
    "headers": headers,
    "notes": notes,
    "redis": lambda body: _at_once(left_behind.redis(body)),
    "turn": lambda body: _at_once(left_behind.turn(body)),
    "inbox": left_behind.inbox,
    "forwarded": forwarded,
    "address": address,
}

SEEDS: Final = (
    (
        b'{"update_id":7,"message":{"message_id":1,"date":1795471200,"chat":{"id":5,"type":"private"},"text":"/me",'
        b'"from":{"id":5,"is_bot":false,"first_name":"L"},"location":{"latitude":40.4,"longitude":49.8}}}'
    ),
    (
        b'{"update_id":7,"callback_query":{"id":"1","from":{"id":5,"is_bot":false,"first_name":"L"},"data":"undo:1:2",'
        b'"chat_instance":"1"}}'
    ),
    (
        b'{"v":1,"key":"u7:0","chat_id":-1,"method":"sendDocument","params":{"text":"x"},"created_at":1.5,'
        b'"file":{"field":"document","name":"a"}}\nPK'
    ),
    b'{"v":1,"event":{"user_id":1,"sent_at":1,"update_id":1},"latitude":40.4,"longitude":49.8,"language":"az"}',
    (
        b'{"v":1,"receipts":[{"key":"k","chat_id":1,"method":"m","priority":"bulk","what":"","outcome":"sent",'
        b'"created_at":1.0,"settled_at":2.0}],"subject":"campaign:1","state":"paused","given_at":1.0,"names":["photon"]}'
    ),
    (
        b'{"features":[{"properties":{"name":"a","street":"b","city":"c"}}],"display_name":"a, b","status":"OK",'
        b'"results":[{"formatted_address":"a","types":["x"]}]}'
    ),
    b'{"x-tries":3,"x-reason":"r","x-first-failed-at":1,"received_at":1795471200000,"x-death":[{"time":1,"count":2}]}',
    b"host/db?sslmode=verify-full&sslrootcert=/x&sslcert=/y&ssl_ca_certs=/x&cafile=/x",
    b"149.154.160.1, [::1]:443\n::ffff:1.2.3.4",
    b'{"ok":true,"result":[{"update_id":7,"message":{"from":{"id":5}}},{"update_id":8}],"description":"x"}',
    b'{"ok":true,"result":[{"update_id":-7},{"update_id":36893488147419103232},[],{"update_id":8}]}',
    b"5 1795471200.250 1795471199.5",
    b"5 nan inf",
    b'["Nizami",1795471200.5,1795557600.5]',
    b'{"0":1795471200.5,"-1005":1795471201}',
    b'{"by":"a","number":3,"at":17.5,"sign":true,"estate":"WzAuMV0="}',
    b'{"by":"\xff","number":3,"at":17.5,"sign":true,"estate":""}',
    b"[0.1,0.9]",
    b"\x91\x83\xa5queue\xb4outbound.interactive\xa3key\xa37:0\xa4body\xc4\x02{}",
    *(head + b"[" * 1100 for head in (b"", b'{"of_tomorrow":', b'["a",1.5,2.5,', b'{"ok":true,"result":[')),
)
"""Where a target begins that has no corpus yet: what means something to one of them."""


def silent() -> None:
    """Log nothing: each of a million inputs would have its line."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
