"""Everything of ours that reads bytes stands any bytes: the targets of `make fuzz`, a moment each."""

import json

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS

_numbers = st.integers() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False)
_scalars = st.none() | st.booleans() | _numbers | st.text()
_OURS = (
    *(
        "v",
        "update_id",
        "message",
        "callback_query",
        "data",
        "from",
        "id",
        "is_bot",
        "first_name",
        "message_id",
        "chat",
    ),
    *("type", "private", "date", "text", "location", "latitude", "longitude", "key", "chat_id", "method", "params"),
    *("created_at", "subject", "state", "given_at", "names", "features", "properties", "name", "display_name"),
    *("ok", "result", "by", "number", "at", "sign", "estate", "target", "queue", "body"),
    *("results", "status", "types", "x-tries", "x-death", "x-reason", "received_at", "traceparent", "count", "time"),
)
_names = st.sampled_from(_OURS)


def _nested(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names | st.text(), inner))


_json = _nested(_scalars)
_documents = _json.map(lambda one: json.dumps(one).encode("utf-8", "surrogatepass"))
_versioned = st.dictionaries(_names, _json).map(lambda one: json.dumps({"v": 1, "update_id": 1, **one}).encode())


_packed = _nested(st.none() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()).map(msgspec.msgpack.encode)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stands_what_fuzzing_begins_with(name: str) -> None:
    with structlog.testing.capture_logs():
        for seed in SEEDS:
            TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40)
@given(body=st.binary() | st.text().map(str.encode) | _documents | _versioned | _packed)
def test_a_target_stands_any_bytes(name: str, body: bytes) -> None:
    with structlog.testing.capture_logs():
        TARGETS[name](body)
