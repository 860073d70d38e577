"""What passes between services: version 1 is what it was, and nothing else is taken for it."""

import contextlib
import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import FILE_LIMIT, EventRef, File, GeoRequest, Message, OutboundCall, Slot, decode, encode
from shared.errors import Undecodable

GOLDEN: dict[str, tuple[bytes, Message]] = {
    "a call": (
        (
            b'{"v":1,"key":"u7:0","chat_id":-1001234567890,"method":"sendMessage","params":{"text":"Sa\xc4\x9f olun",'
            b'"reply_markup":{"inline_keyboard":[]}},"created_at":1795471200.25,"target":null,"awaits_enrichment":true,'
            b'"if_gone":"drop","file":null,"asked_at":1795471199.5,"topic":"tap:7","if_unknown":"leave",'
            b'"late_after":60.0,"late_note":"late","campaign_id":3,"quotable":true,"said_at":1795471199}'
        ),
        OutboundCall(
            key="u7:0",
            chat_id=-1001234567890,
            method="sendMessage",
            params={"text": "Sağ olun", "reply_markup": {"inline_keyboard": []}},
            created_at=1795471200.25,
            awaits_enrichment=True,
            asked_at=1795471199.5,
            topic="tap:7",
            if_unknown="leave",
            late_after=60.0,
            late_note="late",
            campaign_id=3,
            said_at=1795471199,
        ),
    ),
    "an upload": (
        (
            b'{"v":1,"key":"u8:0","chat_id":5100000007,"method":"sendDocument","params":{"caption":"Mart"},'
            b'"created_at":1795471202.0,"target":null,"awaits_enrichment":false,"if_gone":"drop",'
            b'"file":{"field":"document","name":"t\xc9\x99bel.xlsx"},"asked_at":null,"topic":null,'
            b'"if_unknown":"repeat","late_after":null,"late_note":null,"campaign_id":null,"quotable":true,"said_at":null}'
            b"\nPK\x03\x04\x00\xff\n"
        ),
        OutboundCall(
            key="u8:0",
            chat_id=5100000007,
            method="sendDocument",
            params={"caption": "Mart"},
            created_at=1795471202.0,
            file=File("document", "təbel.xlsx", b"PK\x03\x04\x00\xff\n"),
        ),
    ),
    "an enrichment": (
        (
            b'{"v":1,"key":"u7:0:geo","chat_id":5100000007,"method":"editMessageText","params":{"text":"x"},'
            b'"created_at":1795471201.0,"target":"u7:0","awaits_enrichment":false,"if_gone":"drop","file":null,'
            b'"asked_at":null,"topic":null,"if_unknown":"repeat","late_after":null,"late_note":null,"campaign_id":null,"quotable":true,"said_at":null}'
        ),
        OutboundCall(
            key="u7:0:geo",
            chat_id=5100000007,
            method="editMessageText",
            params={"text": "x"},
            created_at=1795471201.0,
            target="u7:0",
        ),
    ),
    "a question for an address": (
        (
            b'{"v":1,"reply_key":"u7:0","chat_id":5100000007,"slot":{"text":"at ...!","start":3,"end":6,'
            b'"reply_markup":{"inline_keyboard":[[{"text":"\xe2\x86\xa9","callback_data":"undo:1:2"}]]}},"event":{"user_id":5100000007,"sent_at":1795471200,"update_id":7},"latitude":40.3717,"longitude":-49.8505,'
            b'"language":"az","asked_at":1795471199.437}'
        ),
        GeoRequest(
            reply_key="u7:0",
            chat_id=5100000007,
            slot=Slot("at ...!", 3, 6, {"inline_keyboard": [[{"text": "↩", "callback_data": "undo:1:2"}]]}),
            event=EventRef(5100000007, 1795471200, 7),
            latitude=40.3717,
            longitude=-49.8505,
            language="az",
            asked_at=1795471199.437,
        ),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_version_one_is_written_as_ever(name: str) -> None:
    wire, message = GOLDEN[name]
    head, _, content = wire.partition(b"\n")
    written, _, attached = encode(message).partition(b"\n")
    assert (json.loads(written), attached) == (json.loads(head), content)


@pytest.mark.parametrize("name", GOLDEN)
def test_version_one_is_read_as_ever(name: str) -> None:
    wire, message = GOLDEN[name]
    assert decode(type(message), wire) == message
    assert decode(type(message), encode(message)) == message


def test_the_least_of_version_one_is_enough() -> None:
    wire = b'{"v":1,"key":"k","chat_id":1,"method":"sendMessage","params":{},"created_at":0}'
    assert decode(OutboundCall, wire) == OutboundCall(
        key="k", chat_id=1, method="sendMessage", params={}, created_at=0.0
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_fields_of_a_later_release_are_ignored(name: str) -> None:
    wire, message = GOLDEN[name]
    head, feed, content = wire.partition(b"\n")
    later = json.loads(head) | {"priority": 9, "x": {"y": [1]}}
    assert decode(type(message), json.dumps(later).encode() + feed + content) == message


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_unknown_version_is_refused_with_both_versions_named(version: int) -> None:
    wire, message = GOLDEN["a call"]
    other = json.dumps(json.loads(wire) | {"v": version}).encode()
    with pytest.raises(Undecodable, match=f"version {version} of OutboundCall is unknown here, this release reads 1"):
        decode(type(message), other)


def test_an_unknown_version_is_refused_for_its_version_even_where_its_fields_do_not_fit() -> None:
    with pytest.raises(Undecodable, match="version 2"):
        decode(GeoRequest, b'{"v":2,"entirely":"different"}')


GARBAGE = {
    "empty": b"",
    "not JSON": b"hello",
    "a list": b"[1,2]",
    "no version": b'{"key":"k"}',
    "a version that is text": b'{"v":"1"}',
    "a version beyond 64 bits": b'{"v":99999999999999999999999999}',
    "fields missing": b'{"v":1}',
    "a wrong type": GOLDEN["a call"][0].replace(b'"chat_id":-1001234567890', b'"chat_id":"many"'),
    "invalid UTF-8 in a field": GOLDEN["a call"][0].replace(b"\xc4\x9f", b"\xff\xfe"),
    "invalid UTF-8 in a field's name": b'{"v":1,"\xff":1}',
    "NaN": GOLDEN["a call"][0].replace(b"1795471200.25", b"NaN"),
    "cut off": GOLDEN["a call"][0][:-20],
    "something after the end": GOLDEN["a call"][0] + b"}",
    "deep where it is skipped": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"v":1}',
    "deep where it is read": GOLDEN["a call"][0].replace(b"[]", b"[" * 100_000 + b"]" * 100_000),
    "a lone surrogate": GOLDEN["a call"][0].replace(b"\xc4\x9f", b"\\ud800"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_message_of_ours_is_undecodable_and_says_of_what_kind_it_should_be(name: str) -> None:
    with pytest.raises(Undecodable, match="OutboundCall"):
        decode(OutboundCall, GARBAGE[name])


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_fields = st.sampled_from(
    ["v", "key", "chat_id", "method", "params", "created_at", "slot", "event", "latitude", "longitude", "language"]
)


@given(st.binary() | st.dictionaries(_fields, _json | st.just(1)).map(lambda fields: json.dumps(fields).encode()))
def test_any_bytes_are_a_message_or_undecodable_and_nothing_else(body: bytes) -> None:
    for kind in (OutboundCall, GeoRequest):
        with contextlib.suppress(Undecodable):
            decode(kind, body)


def test_calls_and_questions_of_an_earlier_release_have_neither_file_nor_keyboard() -> None:
    call = json.loads(GOLDEN["a call"][0])
    del call["file"]
    assert decode(OutboundCall, json.dumps(call).encode()).file is None
    question = json.loads(GOLDEN["a question for an address"][0])
    del question["slot"]["reply_markup"], question["asked_at"]
    read = decode(GeoRequest, json.dumps(question).encode())
    assert (read.slot, read.asked_at) == (Slot("at ...!", 3, 6), None)


@given(st.binary(max_size=300), st.text(), st.sampled_from(["document", "photo"]))
def test_a_file_of_any_bytes_and_any_name_arrives_as_it_was(
    content: bytes, name: str, field: Literal["document", "photo"]
) -> None:
    call = OutboundCall(key="k", chat_id=1, method="m", params={}, created_at=0.0, file=File(field, name, content))
    assert decode(OutboundCall, encode(call)) == call


def test_the_largest_file_fits_into_a_message_that_the_broker_takes() -> None:
    file = File("document", "x" * 255, bytes(FILE_LIMIT))
    call = OutboundCall(
        key="k", chat_id=1, method="sendDocument", params={"caption": "ə" * 1024}, created_at=0, file=file
    )
    body = encode(call)
    assert len(body) < FILE_LIMIT + 4096, "the file's bytes are not written out as text"
    assert decode(OutboundCall, body).file == file


def test_a_larger_file_is_refused_with_its_size_the_limit_and_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"big.xlsx has 8388609 bytes and a message carries 8388608: make it smaller"):
        File("document", "big.xlsx", bytes(FILE_LIMIT + 1))


@pytest.mark.parametrize(
    "file",
    [
        {"field": "voice", "name": "x"},
        {"field": "document"},
        {"field": "photo", "name": None},
    ],
)
def test_what_is_no_file_is_undecodable(file: dict[str, object]) -> None:
    head, _, content = GOLDEN["an upload"][0].partition(b"\n")
    wire = json.dumps(json.loads(head) | {"file": file}).encode()
    with pytest.raises(Undecodable, match="OutboundCall"):
        decode(OutboundCall, wire + b"\n" + content)


def test_a_file_that_somebody_made_larger_than_a_message_carries_is_undecodable_when_it_is_read() -> None:
    head, feed, _ = GOLDEN["an upload"][0].partition(b"\n")
    with pytest.raises(Undecodable, match="8388609 bytes"):
        decode(OutboundCall, head + feed + bytes(FILE_LIMIT + 1))


def test_the_address_goes_where_the_stand_in_was() -> None:
    assert Slot("at ...!", 3, 6).filled("Nizami küç. 10") == "at Nizami küç. 10!"
