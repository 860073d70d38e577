"""What any release has written beside a message's bytes is read by this one as it was by that one."""

import itertools
import os
from pathlib import Path
from typing import Any

import pytest

from tests.upgrades.headers import files, read, shape, told, write_next, written

CHANGED = (
    "the headers of a message have changed. Both releases run side by side while this one is deployed: "
    "docs/upgrading.md says what may change. If it may, keep it: WRITE_GOLDEN=1 pytest tests/upgrades"
)


def shapes(kinds: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {kind: shape(one["headers"]) for kind, one in kinds.items()}


def test_headers_that_change_are_kept() -> None:
    ours = {kind: shape(headers) for kind, headers in written().items()}
    if os.environ.get("WRITE_GOLDEN") and (not files() or shapes(read(files()[-1])) != ours):
        write_next()
    assert files(), CHANGED
    assert shapes(read(files()[-1])) == ours, CHANGED


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_what_a_release_wrote_beside_a_message_is_read_as_it_read_it(path: Path) -> None:
    for kind, one in read(path).items():
        assert told(one["headers"]) == one["told"], kind


def test_from_one_release_to_the_next_no_header_goes_or_has_another_type() -> None:
    ours = {kind: shape(headers) for kind, headers in written().items()}
    for before, after in itertools.pairwise([*(shapes(read(path)) for path in files()), ours]):
        for kind, headers in before.items():
            assert headers.items() <= after[kind].items(), kind
