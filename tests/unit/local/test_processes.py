import os
import select
import signal
import sys
from pathlib import Path

import pytest

from local.families import is_alive
from local.processes import Child, ChildFailedError, Program, first_death

POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("up", flush=True)
signal.pause()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT_OF_A_SESSION = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True);"
    "print(child.pid, flush=True); time.sleep(60)"
)
STARTER = """
import asyncio, sys
from pathlib import Path
from local.processes import Child, Program

async def main():
    child = await Child.spawn(Program(name="child", argv=("sleep", "60"), env={"PATH": "/usr/bin:/bin"}))
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""


def python(code: str, log: Path) -> Program:
    return Program(name="stand-in", argv=(sys.executable, "-c", code), env=dict(os.environ), log=log)


async def spoken(child: Child, log: Path) -> str:
    """Wait until the child has said something, and return it."""

    async def said() -> bool:
        return b"\n" in read(log)

    await child.until(said, 20)
    return read(log).split()[0].decode()


def read(log: Path) -> bytes:
    return log.read_bytes()


def await_end(pid: int, limit: float) -> bool:
    """Whether a process, a child of ours or not, is gone within the limit."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], limit)[0])
    finally:
        os.close(handle)


async def test_a_child_that_is_asked_ends_with_its_own_status(tmp_path: Path) -> None:
    child = await Child.spawn(python(POLITE, tmp_path / "log"))
    await spoken(child, tmp_path / "log")
    assert await child.stop(20) == 7
    assert await child.stop(20) == 7


async def test_a_child_that_ignores_the_request_is_killed_after_the_limit(tmp_path: Path) -> None:
    child = await Child.spawn(python(STUBBORN, tmp_path / "log"))
    await spoken(child, tmp_path / "log")
    assert await child.stop(0.1) == -signal.SIGKILL


async def test_kill_takes_processes_in_sessions_of_their_own_along(tmp_path: Path) -> None:
    child = await Child.spawn(python(PARENT_OF_A_SESSION, tmp_path / "log"))
    grandchild = int(await spoken(child, tmp_path / "log"))
    assert is_alive(grandchild)
    await child.kill()
    assert not is_alive(grandchild)


async def test_an_unexpected_end_is_told_with_the_log_and_its_last_lines(tmp_path: Path) -> None:
    child = await Child.spawn(python("print('the reason'); raise SystemExit(3)", tmp_path / "log"))
    with pytest.raises(ChildFailedError, match=r"stand-in ended unexpectedly \(status 3\)") as caught:
        await first_death([child])
    assert str(tmp_path / "log") in str(caught.value)
    assert "the reason" in str(caught.value)


async def test_a_child_that_ends_while_it_is_awaited_fails_at_once(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    child = await Child.spawn(python("", tmp_path / "log"))
    with pytest.raises(ChildFailedError, match="ended unexpectedly"):
        await child.until(never, 60)


async def test_a_child_that_never_answers_fails_after_the_limit(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    child = await Child.spawn(python(STUBBORN, tmp_path / "log"))
    with pytest.raises(ChildFailedError, match="did not answer within"):
        await child.until(never, 0.1)
    await child.kill()


async def test_a_starter_killed_with_9_leaves_no_child(tmp_path: Path) -> None:
    starter = await Child.spawn(python(STARTER, tmp_path / "log"))
    pid = int(await spoken(starter, tmp_path / "log"))
    os.kill(starter.pid, signal.SIGKILL)  # not Child.kill, which would look after the grandchild
    assert await starter.wait() == -signal.SIGKILL
    assert await_end(pid, limit=10)
