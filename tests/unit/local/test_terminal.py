import asyncio
import os
import signal

import pytest

from local.processes import ChildFailedError
from local.terminal import FAILED, INTERRUPTED, run


def test_the_exit_status_is_the_work_s() -> None:
    async def work() -> int:
        return 4

    assert run(work()) == 4


def test_a_failure_is_one_message_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> int:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
        return 0

    async def fails() -> None:
        raise ChildFailedError("sender-1 ended unexpectedly [status 2]")

    assert run(work()) == FAILED
    assert "✗ sender-1 ended unexpectedly [status 2]" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work_in_order(number: signal.Signals) -> None:
    ended = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # whatever has to be awaited on the way out
            ended.append(number)
        return 0

    assert run(work()) == INTERRUPTED
    assert ended == [number]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_interrupt_the_end(number: signal.Signals) -> None:
    ended = []

    async def work() -> int:
        heard = asyncio.Event()
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), number)
            asyncio.get_running_loop().call_later(0.05, heard.set)
            await heard.wait()
            ended.append(number)
        return 0

    assert run(work()) == INTERRUPTED
    assert ended == [number]
