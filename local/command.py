"""Owns calls of the operators' command `fleet`, as a person would make them."""

import sys
from collections.abc import Mapping
from pathlib import Path

from local.processes import Child, Program

# Beside the interpreter, where the installation of the project has put it; the PATH may know another one.
FLEET = Path(sys.executable).parent / "fleet"


async def operate(*arguments: str, environment: Mapping[str, str], logs: Path) -> None:
    """Run `fleet ...`; raises ChildFailedError with its last lines when it fails."""
    child = await Child.spawn(
        Program(
            name=f"fleet {' '.join(arguments)}",
            argv=(str(FLEET), *arguments),
            env=environment,
            log=logs / f"fleet-{'-'.join(word for word in arguments if '/' not in word)}.log",
        )
    )
    try:
        if await child.wait() != 0:
            raise child.failure()
    finally:
        await child.kill()
