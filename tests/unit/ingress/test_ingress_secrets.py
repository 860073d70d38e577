"""What a stranger shows is compared with secrets in constant time, with all of them always, and in no other way."""

import ast
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from checkin_worker.invites import Seal
from ingress.intake import Intake
from ingress.webhook import SECRET_HEADER, Webhook
from local.folders import PROJECT
from shared.publisher import Publisher

SECRETS = (b"the-current-one", b"the-one-before")
BEFORE = datetime(2026, 7, 6, tzinfo=UTC)
ENDS = datetime(2026, 7, 7, tzinfo=UTC)
PRODUCT = ("checkin_worker", "geo_worker", "ingress", "ops", "sender", "shared")
LOOKS_FOR_THEM = PROJECT / "shared" / "masking.py"
"""In our own words, before they are said: nobody learns how long that took."""
AS_TEXTS_ARE = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
NAMES = ("secret", "token", "password", "seal")


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What something was compared with in constant time."""
    seen: list[bytes] = []
    real = hmac.compare_digest

    def compare(shown: bytes, secret: bytes) -> bool:
        seen.append(secret)
        return real(shown, secret)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return seen


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({SECRET_HEADER: ""}, 401),
        ({SECRET_HEADER: "the-current-on"}, 401),
        ({SECRET_HEADER: "the-current-one"}, None),
        ({SECRET_HEADER: "the-one-before"}, None),
    ],
    ids=["none", "empty", "shorter", "current", "before"],
)
def test_whatever_is_shown_each_secret_is_compared_in_constant_time(
    headers: Mapping[str, str], status: int | None, compared: list[bytes]
) -> None:
    request = make_mocked_request("POST", "/webhook", CIMultiDict(headers))
    refusal = Webhook(Intake(Publisher()), SECRETS)._refusal(request)  # noqa: SLF001 - what decides, without a socket
    assert tuple(compared) == SECRETS
    assert (refusal and refusal.status) == status


def test_so_is_the_seal_of_an_invitation(compared: list[bytes]) -> None:
    code = Seal(b"ours").code(7, ENDS)
    assert Seal(b"ours").invite_id(code, BEFORE) == 7
    assert Seal(b"another").invite_id(code, BEFORE) is None
    assert len(compared) == 2


def test_no_secret_is_compared_in_any_other_way() -> None:
    assert [*_compared_secrets("if shown == self._secret: ...")], "this finds them"
    assert [*_compared_secrets("if shown in secrets: ...")]
    files = [file for folder in PRODUCT for file in (PROJECT / folder).rglob("*.py") if file != LOOKS_FOR_THEM]
    found = {str(file.relative_to(PROJECT)): [*_compared_secrets(file.read_text())] for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}


def _compared_secrets(source: str) -> Iterator[int]:
    """The lines in which what has a secret's name is compared as texts are."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(how, AS_TEXTS_ARE) for how in node.ops):
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            names |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
            if any(word in name.lower() for name in names for word in NAMES):
                yield node.lineno
