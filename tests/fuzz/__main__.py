"""`make fuzz SECONDS=30`: gives every target its share of the time, and says how to repeat what it finds.

Each target runs in a fork of its own: libFuzzer ends the process that it runs in. Inputs that reach new code stay in
`.local/fuzz/<target>/corpus` and are where the next run begins. Exit status: 0 nothing found, 1 a target failed.
"""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from local.folders import PROJECT
from tests.fuzz.one import fuzz
from tests.fuzz.targets import SEEDS, TARGETS

FOLDER: Final = PROJECT / ".local" / "fuzz"
LINES: Final = 40
"""Of what a target that failed said last."""


def main(
    *,
    seconds: Annotated[int, typer.Option(help="For all targets together.")] = 30,
    target: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
) -> None:
    """Fuzz all targets."""
    names = target or list(TARGETS)
    share = max(1, seconds // len(names))
    found = [name for name in names if not holds(name, share)]
    typer.echo(f"fuzz: {len(names) - len(found)} of {len(names)} targets held, {share} s each")
    raise typer.Exit(1 if found else 0)


def holds(name: str, share: int) -> bool:
    """Fuzz one target; if it fails, say what was found and how to see it again."""
    folder = FOLDER / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = [
        f"-max_total_time={share}",
        "-timeout=30",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={folder}/",
        str(corpus),
    ]
    log = folder / "log"
    status = _forked(name, words, log)
    said = log.read_text(errors="replace").splitlines()
    if status == 0:
        typer.echo(f"fuzz: {name} held: {said[-1] if said else ''}")
        return True
    kept = [line.rpartition(" ")[2] for line in said if "Test unit written to" in line]
    again = f"python -m tests.fuzz.one {name} {kept[-1]}" if kept else f"see {log}"
    typer.echo("\n".join([*said[-LINES:], f"fuzz: {name} FAILED with status {status}; again: {again}"]))
    return False


def _forked(name: str, words: list[str], log: Path) -> int:
    """Fuzz in a child that writes to the log; returns its exit status."""
    child = os.fork()
    if child == 0:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        fuzz(name, words)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    typer.run(main)
