"""Owns reading what was just written: a read waits for a replica to reach it, or goes to the primary."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from shared.database import PrimaryPool, ReplicaPool

if TYPE_CHECKING:
    from shared.database import Connection


class Reader:
    """Lends connections for reading.

    Args:
        replicas: the replicas, any number.
        primary: who serves a read when no replica can.
    """

    def __init__(self, replicas: Sequence[ReplicaPool], primary: PrimaryPool) -> None:
        self._replicas = replicas
        self._primary = primary

    @contextlib.asynccontextmanager
    async def connection(self, primary: "Connection") -> AsyncIterator["Connection"]:
        """Lend a connection that sees all that has been committed on the primary.

        Args:
            primary: an open connection to the primary, which says how far a replica must have come, and which serves
                the read itself when no replica gets there in time.
        """
        yield primary
