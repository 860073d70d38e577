"""Owns the private RabbitMQ: the broker and its virtual hosts.

Debian's wrapper scripts change the user, and the settings come from /etc: so the server's own script is called
with a complete environment.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

from local import binaries
from local.engine import Engine
from local.epmd import PortMapper
from local.ports import LOOPBACK, free_port
from local.probes import greeted
from local.processes import Child, Program

HANDSHAKE = b"AMQP\x00\x00\x09\x01"  # AMQP 0-9-1, section 4.2.2; the answer is a frame of type 1
METHOD_FRAME = b"\x01"
SLEEPS = "+sbwt none +sbwtdcpu none +sbwtdio none"
"""No busy waiting, as RabbitMQ's guide to its runtime advises where others want the same processors."""
RUNTIME = f"{SLEEPS} +S 1:1"
"""One scheduler besides: what there is to do here is for one processor, and several would pay for handing it over."""


class RabbitMQ(Engine):
    """A broker on 127.0.0.1 with its management pages."""

    name: ClassVar[str] = "rabbitmq"
    user: ClassVar[str] = "fleet"
    advanced: ClassVar[str] = "[]"
    """Settings as an Erlang term."""

    def __init__(self, run: Path, password: str) -> None:
        super().__init__(run, password)
        self.management_port = free_port()
        self._distribution_port = free_port()
        self._epmd = PortMapper(self.log.with_name("epmd.log"), self.plain_environment())

    @property
    def url(self) -> str:
        """The virtual host `/`."""
        return self.vhost_url("")

    def vhost_url(self, vhost: str) -> str:
        """One virtual host; an empty name is the one called `/`."""
        return f"amqp://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{vhost}"

    @property
    def node(self) -> str:
        """Its name among Erlang's nodes."""
        return f"fleet-{self.port}@localhost"

    @property
    def management_url(self) -> str:
        """The pages for people; user and password are those of `url`."""
        return f"http://{LOOPBACK}:{self.management_port}/"

    async def prepare(self) -> None:
        """Write the configuration."""
        self._write("rabbitmq.conf", "".join(f"{line}\n" for line in self._settings()))
        self._write("enabled_plugins", "[rabbitmq_management].\n")
        self._write("advanced.config", f"{self.advanced}.\n")
        # `localhost` is known even where no /etc/hosts says so.
        self._write("inetrc", '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n')

    async def start(self) -> None:
        """Start the port mapper if it is not there, then the broker."""
        await self._epmd.start()
        await super().start()

    async def stop(self) -> None:
        """End the broker, then the port mapper."""
        await super().stop()
        await self._epmd.stop()

    async def discard(self) -> None:
        """End both at once: an ordered stop takes RabbitMQ 3.10 six seconds."""
        await self.kill()
        await self._epmd.stop()

    def program(self) -> Program:
        """The broker in the foreground, in the place of its start script."""
        return Program(
            name=self.name,
            argv=(binaries.rabbitmq_server(),),
            env=self.plain_environment() | self._environment(),
            log=self.log,
        )

    async def answers(self) -> bool:
        """Whether it speaks AMQP and its management interface works."""
        if not await greeted(self.port, HANDSHAKE, METHOD_FRAME):
            return False
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            await self._call("GET", "vhosts/%2F")
            return True
        return False

    async def create_vhost(self, vhost: str) -> str:
        """Make an empty virtual host (40 ms; rabbitmqctl needs a second); returns its address."""
        await self._call("PUT", f"vhosts/{vhost}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        await self._call("PUT", f"permissions/{vhost}/{self.user}", everything)
        return self.vhost_url(vhost)

    async def delete_vhost(self, vhost: str) -> None:
        """Delete a virtual host with its queues; clients in it are disconnected."""
        await self._call("DELETE", f"vhosts/{vhost}")

    async def set_policy(self, vhost: str, name: str, queues: str, definition: dict[str, Any]) -> None:
        """Bound the queues of a virtual host whose names match, beside what they were declared with."""
        body = {"pattern": queues, "definition": definition, "apply-to": "queues"}
        await self._call("PUT", f"policies/{vhost}/{name}", body)

    async def asked(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What the management interface answers to a GET below `api/`."""
        return await self._call("GET", path)

    async def control(self, *arguments: str) -> None:
        """Run `rabbitmqctl ...` on this node (a second or two).

        Raises:
            ChildFailedError: it failed; with what it said.
        """
        child = await Child.spawn(
            Program(
                name=f"rabbitmqctl {arguments[0]}",
                argv=(binaries.rabbitmqctl(), "--node", self.node, *arguments),
                env=self.plain_environment() | self._environment(),
                log=self.log.with_name("rabbitmqctl.log"),
            )
        )
        if await child.wait() != 0:
            raise child.failure()

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        async with (
            aiohttp.ClientSession(
                f"{self.management_url}api/",
                headers={"Authorization": aiohttp.encode_basic_auth(self.user, self.password)},
                timeout=aiohttp.ClientTimeout(total=20),
                raise_for_status=True,
            ) as session,
            session.request(method, path, json=body) as answer,
        ):
            return await answer.json() if answer.content_type == "application/json" else None

    def _settings(self) -> tuple[str, ...]:
        return (
            f"listeners.tcp.1 = {LOOPBACK}:{self.port}",
            f"management.tcp.ip = {LOOPBACK}",
            f"management.tcp.port = {self.management_port}",
            f"default_user = {self.user}",
            f"default_pass = {self.password}",
            "heartbeat = 10",
            "log.console = true",
            "log.console.level = info",
            "log.file = false",
            "disk_free_limit.absolute = 50MB",
        )

    def _environment(self) -> dict[str, str]:
        files = {
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
            "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
            "RABBITMQ_MNESIA_BASE": "data",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_PID_FILE": "pid",
            "ERL_INETRC": "inetrc",
        }
        return {name: str(self.folder / file) for name, file in files.items()} | {
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_LOG": "-color",
            # Together: the script replaces itself by the broker (instead of waiting for it), without a shell on stdin.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_START_ARGS": "-noinput",
            # With the port other nodes would use on loopback, too.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{RUNTIME} -kernel inet_dist_use_interface {{127,0,0,1}}",
        }

    def _write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(text)
