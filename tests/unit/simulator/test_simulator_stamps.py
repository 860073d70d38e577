"""What the kernel says of when bytes came, told by the clock that all processes share."""

import socket
import struct
import time

import pytest

from simulator import stamper


def kernel_says(wall: float) -> list[tuple[int, int, bytes]]:
    whole = int(wall)
    return [(socket.SOL_SOCKET, 35, struct.pack("qq", whole, int((wall - whole) * 1e9)))]


def test_a_stamp_of_a_moment_ago_is_a_moment_ago() -> None:
    assert stamper.moment(kernel_says(time.time() - 0.25)) == pytest.approx(time.monotonic() - 0.25, abs=0.1)


@pytest.mark.parametrize("off", [600.0, -600.0])
def test_a_stamp_by_a_clock_that_was_set_meanwhile_is_not_believed(off: float) -> None:
    assert stamper.moment(kernel_says(time.time() + off)) == pytest.approx(time.monotonic(), abs=0.1)


def test_bytes_without_a_stamp_came_now() -> None:
    assert stamper.moment([]) == pytest.approx(time.monotonic(), abs=0.1)
