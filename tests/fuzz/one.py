"""`python -m tests.fuzz.one TARGET [libFuzzer's words]`: fuzzes one target, or runs it on the files that are named."""

import sys
from collections.abc import Sequence

import atheris

with atheris.instrument_imports(
    include=["checkin_worker", "geo_worker", "ingress", "ops.dead_letters", "sender", "shared", "tests.fuzz"]
):
    from tests.fuzz.targets import TARGETS, silent


def fuzz(name: str, words: Sequence[str]) -> None:
    """Fuzz one target; libFuzzer ends the process, with status 0 where it found nothing."""
    silent()
    target = TARGETS[name]
    target(b"{}")  # what is made at the first call is not the fuzzer's time
    atheris.Setup([f"fuzz {name}", *words], target)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2:])
