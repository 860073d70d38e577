"""`fleet doctor` as a test sees it: an environment in which nothing is wrong, and what it finds after that changed."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from local.ports import LOOPBACK, free_port
from local.rabbitmq import RabbitMQ
from ops.doctor.findings import State
from tests.integration.ops_side import fleet

SECRETS = {"TELEGRAM_BOT_TOKEN": "42:hunter2-token", "TELEGRAM_WEBHOOK_SECRET": "hunter2-secret"}


@dataclass(frozen=True)
class Found:
    """One finding, without its check."""

    state: State
    what: str
    mend: str


@dataclass(frozen=True)
class Seen:
    """How the command ended, and what it found, by check."""

    status: int
    found: dict[str, list[Found]]

    def worst(self) -> dict[str, list[Found]]:
        """What is wrong."""
        wrong = {name: [one for one in all_ if one.state is State.WRONG] for name, all_ in self.found.items()}
        return {name: those for name, those in wrong.items() if those}

    def one(self, check: str, state: State) -> Found:
        """The only finding of this check in this state."""
        (found,) = [found for found in self.found[check] if found.state is state]
        return found


@dataclass
class Patient:
    """A fleet to be looked at: its environment, which a test changes."""

    environment: dict[str, str]
    skipped: list[str] = field(default_factory=list)

    async def seen(self, *words: object, **changed: str) -> Seen:
        """Run `fleet doctor`; `changed` are variables."""
        skips = [word for name in self.skipped for word in ("--skip", name)]
        environment = {**self.environment, **changed}
        said = await fleet(environment.pop("DATABASE_URL", ""), "doctor", "--json", *skips, *words, **environment)
        told = json.loads(said.out)
        assert told["status"] == said.status
        found: dict[str, list[Found]] = {}
        for one in told["findings"]:
            found.setdefault(one["check"], []).append(Found(State(one["state"]), one["what"], one["mend"]))
        return Seen(said.status, found)


def nowhere(url: str) -> str:
    """The address with a port on which nobody listens."""
    head, _, path = url.rpartition("/")
    login, _, _ = head.rpartition("@")
    return f"{login}@{LOOPBACK}:{free_port()}/{path}"


@contextlib.asynccontextmanager
async def out_of_memory(rabbitmq: RabbitMQ) -> AsyncIterator[None]:
    """Have the broker think that it has no memory left: it blocks whoever publishes."""
    await _control(rabbitmq, "set_vm_memory_high_watermark", "0")
    try:
        yield
    finally:
        await _control(rabbitmq, "set_vm_memory_high_watermark", "0.4")


async def _control(rabbitmq: RabbitMQ, *words: str) -> None:
    server = rabbitmq.program()
    process = await asyncio.create_subprocess_exec(
        *(str(Path(server.argv[0]).with_name("rabbitmqctl")), *words),
        env=dict(server.env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
