"""What any release has written is read by this one, and what this one writes by the release before."""

import base64
import json
import os
from pathlib import Path

import msgspec
import pytest

from shared.contracts import VERSION
from shared.errors import Undecodable
from tests.upgrades import previous
from tests.upgrades.golden import FOLDER, Golden, golden_of, write_next
from tests.upgrades.wire import CONTRACTS, Contract

CHANGED = (
    "{name} has changed. Both releases run side by side while this one is deployed: docs/upgrading.md says what may "
    "change. If it may, keep it: WRITE_GOLDEN=1 pytest tests/upgrades"
)
VERSIONED = [contract for contract in CONTRACTS if contract.versioned]
"""The others may only grow, by fields with a default."""
contracts = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
files = pytest.mark.parametrize(
    ("contract", "golden"),
    [pytest.param(one, golden, id=f"{one.name}-{golden.path.stem}") for one in CONTRACTS for golden in golden_of(one)],
)
READ = """
import base64, importlib, json, sys
import msgspec
from shared.contracts import Message, decode

def read(name, body):
    module, _, kind = name.partition(":")
    if kind == "Inbox":
        try:
            from shared.sealed import unsealed
        except ImportError:  # where it was before
            from checkin_worker.outbox import unsealed
        return msgspec.to_builtins(unsealed(body))
    kind = getattr(importlib.import_module(module), kind)
    if issubclass(kind, Message):
        return msgspec.to_builtins(decode(kind, body))
    return msgspec.to_builtins(msgspec.json.decode(body, type=kind))

told = []
for name, body in json.load(sys.stdin):
    try:
        told.append(read(name, base64.b64decode(body)))
    except (ImportError, AttributeError):
        told.append("unknown to that release")
json.dump(told, sys.stdout)
"""


@contracts
def test_a_contract_that_changes_is_kept(contract: Contract) -> None:
    if os.environ.get("WRITE_GOLDEN") and (
        not golden_of(contract) or golden_of(contract)[-1].schema != contract.schema()
    ):
        write_next(contract)
    kept = golden_of(contract)
    assert kept, CHANGED.format(name=contract.name)
    assert kept[-1].schema == contract.schema(), CHANGED.format(name=contract.name)


@files
def test_what_a_release_wrote_is_read_with_every_field_of_it(contract: Contract, golden: Golden) -> None:
    for body in golden.messages:
        message = contract.read(body)
        assert contract.read(contract.write(message)) == message
        if contract.versioned:
            head = json.loads(body.partition(b"\n")[0])
            assert _missing(head, msgspec.to_builtins(message)) == []


@files
def test_fields_of_a_later_release_are_ignored(contract: Contract, golden: Golden) -> None:
    for body in golden.messages if contract.versioned else []:
        head, feed, content = body.partition(b"\n")
        later = json.dumps(json.loads(head) | {"of_tomorrow": {"x": [1]}}).encode()
        assert contract.read(later + feed + content) == contract.read(body)


@pytest.mark.parametrize("contract", VERSIONED, ids=lambda contract: contract.name)
def test_a_version_that_is_unknown_here_is_refused_with_the_reason(contract: Contract) -> None:
    head, feed, content = contract.write(contract.examples[0]).partition(b"\n")
    later = json.dumps(json.loads(head) | {"v": VERSION + 1}).encode()
    with pytest.raises(Undecodable, match=f"version {VERSION + 1} of {contract.name} is unknown here"):
        contract.read(later + feed + content)


@files
def test_between_two_files_of_a_version_nothing_goes_and_what_comes_has_a_default(
    contract: Contract, golden: Golden
) -> None:
    kept = golden_of(contract)
    number = kept.index(golden)
    if number:
        assert narrowed(kept[number - 1].schema, golden.schema) == []


def test_what_narrows_a_contract_is_told() -> None:
    def schema(required: list[str], **fields: str) -> dict[str, object]:
        properties = {name: {"type": kind} for name, kind in fields.items()}
        return {"$defs": {"Call": {"properties": properties, "required": required}}}

    before = schema(["key"], key="string", topic="string")
    assert narrowed(before, before) == []
    assert narrowed(before, schema(["key"], key="string", topic="string", more="integer")) == []
    assert narrowed(before, schema(["key", "more"], key="string", topic="string", more="integer")) == [
        "Call.more is new and has no default"
    ]
    assert narrowed(before, schema(["key"], key="string")) == ["Call.topic is gone"]
    assert narrowed(before, schema(["key"], key="integer", topic="string")) == ["Call.key is of another type"]


@previous.needs_history
def test_golden_files_of_the_release_before_are_as_they_were() -> None:
    paths = FOLDER.glob("*/*.json")
    changed = [path for path in paths if previous.file_of(path) not in (None, path.read_bytes())]
    assert changed == [], "what was written is written: add a file, do not change one"


@previous.needs_history
def test_what_this_release_writes_is_read_by_the_one_before(tmp_path: Path) -> None:
    asked = [(contract, contract.write(example)) for contract in CONTRACTS for example in contract.examples]
    words = [(_place(contract), base64.b64encode(body).decode()) for contract, body in asked]
    read = previous.run(previous.unpack(tmp_path), READ, words)
    for (contract, body), message in zip(asked, read, strict=True):
        if message != "unknown to that release":
            ours = json.loads(msgspec.json.encode(contract.read(body)))
            assert _missing(message, ours) == [], contract.name


def _place(contract: Contract) -> str:
    return f"{getattr(contract.kind, '__module__', '')}:{contract.name}"


def _missing(part: object, whole: object, place: str = "") -> list[str]:
    """Where the whole lacks what is in the part, or has another value there."""
    if isinstance(part, dict) and isinstance(whole, dict):
        gone = [f"{place}.{name}" for name in part if name not in whole]
        kept = [name for name in part if name in whole]
        return gone + [lack for name in kept for lack in _missing(part[name], whole[name], f"{place}.{name}")]
    if isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        return [lack for at, one in enumerate(part) for lack in _missing(one, whole[at], f"{place}[{at}]")]
    return [] if part == whole else [place]


def narrowed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """What a reader of before misses in what is written after, or the other way about."""
    problems: list[str] = []
    for name, was in _structs(before).items():
        if (now := _structs(after).get(name)) is None:
            problems.append(f"{name} is gone")
            continue
        for field, kind in was["properties"].items():
            if field not in now["properties"]:
                problems.append(f"{name}.{field} is gone")
            elif not _covers(now["properties"][field], kind):
                problems.append(f"{name}.{field} is of another type")
        new = {*now.get("required", [])} - {*was.get("required", [])}
        problems += [f"{name}.{field} is new and has no default" for field in sorted(new)]
    return problems


def _structs(schema: dict[str, object]) -> dict[str, dict[str, dict[str, object]]]:
    return {name: one for name, one in schema.get("$defs", {}).items() if "properties" in one}  # type: ignore[attr-defined]  # JSON


def _covers(now: object, was: object) -> bool:
    """Whether the field takes what it took: the same type and default; of an enumeration the same words, or more."""
    if isinstance(now, dict) and isinstance(was, dict) and "enum" in now and "enum" in was:
        return {*was["enum"]} <= {*now["enum"]}
    return now == was
