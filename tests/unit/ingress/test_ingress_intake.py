"""Whatever bytes come, the intake has a fate for them and no exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingress.intake import Intake
from shared.contracts import ALLOWED_UPDATES, TRACEPARENT, UPDATE_ID
from shared.errors import BrokerUnavailable
from shared.publisher import Headers, Publisher
from shared.tracing import Step

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class Kept(Publisher):
    """Keeps what is published, instead of a broker."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[tuple[str, bytes, Headers]] = []

    async def publish(
        self, queue: str, body: bytes, *, key: str, headers: Headers | None = None, expires: float | None = None
    ) -> None:
        assert (bool(key), expires) == (True, None)
        self.published.append((queue, body, headers or {}))


def _values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )


_json = _values(st.floats())
_real_json = _values(st.floats(allow_nan=False, allow_infinity=False))
_people = st.fixed_dictionaries({"id": st.integers() | _json})
_messages = st.fixed_dictionaries({}, optional={"from": _people | _json, "text": st.text()})
_updates = st.fixed_dictionaries(
    {},
    optional={
        "update_id": st.integers() | _json,
        "message": _messages | _json,
        "edited_message": _messages | _json,
        "callback_query": _messages | _json,
        "poll": _json,
    },
).map(lambda update: json.dumps(update).encode())


async def fate(body: bytes) -> tuple[str, list[tuple[str, bytes, Headers]]]:
    publisher = Kept()
    return await Intake(publisher).take(body, Step(TRACE)), publisher.published


@given(st.binary() | _updates | _json.map(lambda value: json.dumps(value).encode()))
async def test_any_bytes_are_queued_dropped_or_dead_and_go_on_as_they_came(body: bytes) -> None:
    verdict, published = await fate(body)
    where = {"queued": ["updates"], "dropped": [], "dead": ["dead.updates"]}[verdict]
    assert [queue for queue, _, _ in published] == where
    assert all(sent == body for _, sent, _ in published)


@given(
    st.integers(),
    st.sampled_from(ALLOWED_UPDATES),
    st.dictionaries(st.text().filter(lambda name: name != "from"), _real_json),
)
async def test_an_update_is_queued_for_every_id_of_63_bits_whatever_else_its_message_holds(
    update_id: int, kind: str, message: dict[str, Any]
) -> None:
    verdict, published = await fate(json.dumps({"update_id": update_id, kind: message}).encode())
    if 0 <= update_id < 2**63:
        assert verdict == "queued"
        assert published[0][2][UPDATE_ID] == update_id
    else:
        assert verdict == "dead"


MESSAGE = b'{"update_id":7,"message":{"from":{"id":5}}}'


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (MESSAGE, {"fate": "queued", "key": "7", "update_id": 7, "kind": "message", "user_id": 5}),
        (b'{"update_id":7,"poll":{}}', {"fate": "dropped", "key": "7", "update_id": 7}),
        (b"{", {"fate": "dead"}),
    ],
    ids=["queued", "dropped", "dead"],
)
async def test_what_is_taken_in_has_one_line_that_says_what_became_of_it(body: bytes, line: dict[str, object]) -> None:
    with capture_logs() as lines:
        _, published = await fate(body)
    [said] = lines
    named = {name: said[name] for name in ("fate", "key", "update_id", "kind", "user_id") if name in said}
    assert (said["event"], said["queue"], said["bytes"], named) == ("settled", "telegram", len(body), line)
    assert said["trace"] == TRACE[3:35]
    assert all(headers[TRACEPARENT] == TRACE for _, _, headers in published)


async def test_an_update_that_the_broker_does_not_take_has_its_line_too() -> None:
    with capture_logs() as lines, pytest.raises(BrokerUnavailable):
        await Intake(Publisher()).take(MESSAGE, Step(TRACE))  # it is not connected
    assert [(line["event"], line["fate"], line["update_id"]) for line in lines] == [("settled", "refused", 7)]
    assert "not connected" in lines[0]["reason"]
