"""The golden files: what each release wrote, `golden/<contract>/<number>.json`, never changed again.

    WRITE_GOLDEN=1 pytest tests/upgrades

adds the next file of each contract that has changed; read docs/upgrading.md first.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.upgrades.wire import Contract

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """One file: the schema as it was, and messages as they were written."""

    path: Path
    schema: dict[str, Any]
    messages: list[bytes]


def golden_of(contract: Contract) -> list[Golden]:
    """The files of a contract, oldest first."""
    paths = sorted((FOLDER / contract.name).glob("*.json"), key=lambda path: int(path.stem))
    return [_read(path) for path in paths]


def write_next(contract: Contract) -> None:
    """Keep the contract as it is today."""
    path = FOLDER / contract.name / f"{len(golden_of(contract)) + 1}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    messages = [_text(contract.write(example)) for example in contract.examples]
    content = {"schema": contract.schema(), "messages": messages}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _read(path: Path) -> Golden:
    content = json.loads(path.read_text())
    return Golden(path, content["schema"], [_bytes(message) for message in content["messages"]])


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _bytes(message: dict[str, str]) -> bytes:
    return message["text"].encode() if "text" in message else base64.b64decode(message["base64"])
