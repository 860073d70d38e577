"""Owns engines of Debian's next release: RabbitMQ 4, PostgreSQL 17, Redis 8, in a folder of their own below `.local`.

No container engine is needed: each server runs with that folder for its root, and sees the run's folder in it. What is
mounted for it is seen by nobody else, and goes with it.
"""

import asyncio
import dataclasses
import os
import pwd
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.folders import PROJECT
from local.postgres import SYSTEM_USER, Postgres
from local.processes import Program
from local.redis import Redis
from local.replica import Replica
from local.terminal import WrongInputError, step
from tests.faults.cluster import Node, QuickRabbitMQ
from tests.faults.kinds import Kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

RELEASE: Final = "trixie"
PACKAGES: Final = ("postgresql-17", "rabbitmq-server", "redis-server")
ROOT: Final = PROJECT / ".local" / RELEASE
STAMP: Final = ROOT / ".complete"
ENTER: Final = """
set -e; root=$0; run=$1; shift
mkdir -p "$root$run"
mount --bind "$run" "$root$run"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""


async def installed() -> None:
    """Unpack the release (two to seven minutes, 700 MB) if it is not there.

    Raises:
        WrongInputError: it cannot be done here, and why.
    """
    if STAMP.exists():
        return
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise WrongInputError("ENGINES=trixie needs root and debootstrap: apt-get install debootstrap")
    shutil.rmtree(ROOT, ignore_errors=True)
    with step(f"{RELEASE}'s engines are unpacked below {ROOT.relative_to(PROJECT)}"):
        mirror = await _said("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
        await _said(
            *("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
            *(RELEASE, str(ROOT), mirror.split()[0]),
        )
        _share_user()
        STAMP.touch()


def inside(program: Program, run: Path, *, user: str = "root") -> Program:
    """The same program of that release; `user` is one of ours, of the same number there."""
    account = pwd.getpwnam(user)
    become = (
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--init-groups",
        "--pdeathsig",
        "KILL",
    )
    argv = ("unshare", "--mount", "sh", "-c", ENTER, str(ROOT), str(run), *become, *program.argv)
    return dataclasses.replace(program, argv=argv, identity=())


class NewerRabbitMQ(QuickRabbitMQ):
    """RabbitMQ 4."""

    def program(self) -> Program:
        """The broker in the foreground."""
        return inside(super().program(), self.folder.parent)


class NewerNode(Node):
    """One of several RabbitMQ 4."""

    def program(self) -> Program:
        """The broker in the foreground."""
        return inside(super().program(), self.folder.parent)


class NewerRedis(Redis):
    """Redis 8."""

    def program(self) -> Program:
        """Redis in the foreground."""
        return inside(super().program(), self.folder.parent)


class NewerPostgres(Postgres):
    """PostgreSQL 17."""

    def _as_user(self, program: str, *arguments: str) -> Program:
        return _postgres(super()._as_user(program, *arguments), self.folder.parent, program)


class NewerReplica(Replica):
    """One that follows it."""

    def _as_user(self, program: str, *arguments: str) -> Program:
        return _postgres(super()._as_user(program, *arguments), self.folder.parent, program)


NEWER: Final = Kinds(NewerPostgres, NewerReplica, NewerRedis, NewerRabbitMQ, NewerNode)


def _postgres(ours: Program, run: Path, name: str) -> Program:
    argv: Sequence[str] = (f"/usr/lib/postgresql/17/bin/{name}", *ours.argv[1:])
    return inside(dataclasses.replace(ours, argv=argv), run, user=SYSTEM_USER)


def _share_user() -> None:
    """Let PostgreSQL's user have the number there that it has here: the data belong to it."""
    account, file = pwd.getpwnam(SYSTEM_USER), ROOT / "etc" / "passwd"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{SYSTEM_USER}:")]
    lines.append(f"{SYSTEM_USER}:x:{account.pw_uid}:{account.pw_gid}::/var/lib/postgresql:/bin/sh")
    file.write_text("\n".join(lines) + "\n")


async def _said(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode:
        raise WrongInputError(f"{argv[0]} failed with status {process.returncode}; what it said stands above")
    return out.decode()
