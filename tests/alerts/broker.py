"""Owns a RabbitMQ that Prometheus can scrape."""

from pathlib import Path

from local.ports import LOOPBACK, free_port
from tests.faults.cluster import QuickRabbitMQ


class ScrapedRabbitMQ(QuickRabbitMQ):
    """A broker with its own exporter, as docker-compose.yml and the cluster have it."""

    def __init__(self, run: Path, password: str) -> None:
        super().__init__(run, password)
        self.exporter_port = free_port()

    async def prepare(self) -> None:
        """Write the configuration, with the plugins of deploy/docker/rabbitmq/enabled_plugins."""
        await super().prepare()
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")

    def _settings(self) -> tuple[str, ...]:
        exporter = (f"prometheus.tcp.ip = {LOOPBACK}", f"prometheus.tcp.port = {self.exporter_port}")
        return (*super()._settings(), *exporter)
