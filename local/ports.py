"""Owns the choice of free ports on the loopback address.

They come from below the range the kernel uses for outgoing connections (32768 and up, ip(7)): so no connection of
a service can take the port of an engine that is down for a moment.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000

_given: set[int] = set()
_share = range(FIRST, LAST)


def take_share(number: int, of: int) -> None:
    """Give out each `of`-th port only, from the `number`-th on.

    So that processes that start servers at the same time, each with a number of its own, do not give out the same.
    """
    global _share  # noqa: PLW0603 - which ports a process may give out belongs to the process, as `_given` does
    _share = range(FIRST + number, LAST, of)


def free_port() -> int:
    """A port nobody listens on, not given out before by this process."""
    for port in random.sample(_share, len(_share)):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"every port from {FIRST} to {LAST} is taken")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # The wildcard address: a server there would take the port on loopback, too.
            probe.bind(("", port))
        except OSError:
            return False
    return True
