"""Everything of ours that reads bytes stands any bytes: the targets of `make fuzz`, a moment each."""

import json

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

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
    *("results", "status", "types", "x-tries", "x-death", "x-reason", "received_at", "traceparent", "count", "time"),
)
_names = st.sampled_from(_OURS)
_json = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names | st.text(), inner))
_documents = _json.map(lambda one: json.dumps(one).encode("utf-8", "surrogatepass"))
_versioned = st.dictionaries(_names, _json).map(lambda one: json.dumps({"v": 1, "update_id": 1, **one}).encode())


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40)
@given(body=st.binary() | st.text().map(str.encode) | _documents | _versioned)
def test_a_target_stands_any_bytes(name: str, body: bytes) -> None:
    with structlog.testing.capture_logs():
        TARGETS[name](body)
