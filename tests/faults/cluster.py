"""Owns a RabbitMQ of three nodes on loopback: quorum queues have a copy on each."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from local.engine import Engine
from local.epmd import PortMapper
from local.rabbitmq import RabbitMQ

if TYPE_CHECKING:
    from collections.abc import Sequence

NODES: Final = 3
COOKIE: Final = "CHECKINFLEETFAULTS"
"""By which the nodes let each other in; they listen on loopback, and live as long as the run."""
QUICK_STATISTICS: Final = """[
  {rabbit, [{quorum_tick_interval, 1000}, {collect_statistics_interval, 1000}]},
  {rabbitmq_management,
    [{sample_retention_policies, [{global, [{605, 1}]}, {basic, [{605, 1}]}, {detailed, [{605, 1}]}]}]}
]"""
"""Milliseconds, and (how long, how often) in seconds; after five, as is usual, a trial would be over. All three are
needed: who counts, who collects, and who keeps what is shown."""


class QuickRabbitMQ(RabbitMQ):
    """A broker whose management interface knows what is in its queues a second later."""

    advanced: ClassVar[str] = QUICK_STATISTICS


class Node(QuickRabbitMQ):
    """One of several nodes. They are found by each other's names, so all are made before any is started."""

    def __init__(self, run: Path, password: str, epmd: PortMapper) -> None:
        super().__init__(run, password)
        self._epmd = epmd
        self.peers: Sequence[Node] = ()

    async def prepare(self) -> None:
        """Write the configuration and the cookie."""
        await super().prepare()
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(COOKIE)
        cookie.chmod(0o400)

    async def start(self) -> None:
        """Start it; the port mapper is everybody's, and runs."""
        await Engine.start(self)

    async def stop(self) -> None:
        """End it in order."""
        await Engine.stop(self)

    async def discard(self) -> None:
        """End it at once."""
        await self.kill()

    def _settings(self) -> tuple[str, ...]:
        names = [f"cluster_formation.classic_config.nodes.{place + 1} = {n.node}" for place, n in enumerate(self.peers)]
        return (
            *super()._settings(),
            "cluster_formation.peer_discovery_backend = classic_config",
            "cluster_partition_handling = pause_minority",
            *names,
        )


class Cluster:
    """Three nodes. `leader_of` and `followers_of` are how a trial picks one."""

    def __init__(self, run: Path, password: str, kind: type[Node]) -> None:
        run.mkdir()
        folders = [run / str(number) for number in range(1, NODES + 1)]
        for folder in folders:
            folder.mkdir()
        self._epmd = PortMapper(run / "epmd.log", {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(run)})
        self.nodes = [kind(folder, password, self._epmd) for folder in folders]
        for node in self.nodes:
            node.peers = self.nodes

    async def start(self) -> None:
        """Start all, and wait until all of them are one cluster."""
        await self._epmd.start()
        async with asyncio.TaskGroup() as group:
            for node in self.nodes:
                group.create_task(node.start())
        async with asyncio.timeout(60):
            while not await self.complete():  # noqa: ASYNC110 - another program tells nobody
                await asyncio.sleep(0.2)

    async def discard(self) -> None:
        """End all for good."""
        await asyncio.gather(*(node.discard() for node in self.nodes))
        await self._epmd.stop()

    async def complete(self) -> bool:
        """Whether every node sees every other running."""
        seen = await self.nodes[0].asked("nodes")
        return len(seen) == NODES and all(node["running"] for node in seen)

    async def leader_of(self, queue: str) -> Node:
        """The node that leads the queue's Raft group."""
        name = (await self.nodes[0].asked(f"queues/%2F/{queue}"))["leader"]
        return next(node for node in self.nodes if node.node == name)

    async def followers_of(self, queue: str) -> list[Node]:
        """The nodes that do not."""
        leader = await self.leader_of(queue)
        return [node for node in self.nodes if node is not leader]
