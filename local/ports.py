"""Owns the choice of free ports on the loopback address.

They come from below the range the kernel uses for outgoing connections (32768 and up, ip(7)): so no connection of
a service can take the port of an engine that is down for a moment.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, not given out before by this process."""
    for port in random.sample(range(FIRST, LAST), LAST - FIRST):
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
