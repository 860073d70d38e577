"""Whatever bytes come, the intake has a fate for them and no exception."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingress.intake import Intake
from shared.contracts import ALLOWED_UPDATES, UPDATE_ID
from shared.publisher import Headers, Publisher


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
    return await Intake(publisher).take(body), publisher.published


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
