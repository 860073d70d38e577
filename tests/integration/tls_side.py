"""Engines that speak TLS and ask for the client's certificate, and the certificates: right, of another's, and none."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import trustme

from local.engine import Engine
from local.ports import LOOPBACK, free_port
from local.postgres import SYSTEM_USER, Postgres
from local.rabbitmq import RabbitMQ
from local.redis import Redis


@dataclass(frozen=True)
class Papers:
    """Files: whom a side trusts, and who it is."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, folder: Path, whom: trustme.CA, who: trustme.LeafCert) -> "Papers":
        folder.mkdir(parents=True)
        papers = cls(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
        whom.cert_pem.write_to_path(papers.authority)
        who.private_key_pem.write_to_path(papers.key)
        for number, part in enumerate(who.cert_chain_pems):
            part.write_to_path(papers.certificate, append=number > 0)
        return papers


@dataclass(frozen=True)
class Office:
    """What one authority has issued, and a stranger who trusts another."""

    server: Papers
    client: Papers
    stranger: Papers

    @classmethod
    def opened(cls, folder: Path) -> "Office":
        ours, theirs = trustme.CA(), trustme.CA()
        return cls(
            server=Papers.of(folder / "server", ours, ours.issue_cert(LOOPBACK, "localhost")),
            client=Papers.of(folder / "client", ours, ours.issue_cert("fleet@example.com")),
            stranger=Papers.of(folder / "stranger", theirs, theirs.issue_cert("stranger@example.com")),
        )


class Strict(Engine):
    """What the three have in common here: their own papers, and the words by which an address names a client's."""

    scheme: ClassVar[tuple[str, str]]
    words: ClassVar[tuple[str, str, str]]
    more: ClassVar[dict[str, str]] = {}
    office: Office

    def address(self, authority: Path | None, client: Papers | None) -> str:
        """The engine's address as this client has it."""
        said = dict(self.more)
        if authority is not None:
            said[self.words[0]] = str(authority)
        if client is not None:
            said |= {self.words[1]: str(client.certificate), self.words[2]: str(client.key)}
        plain, encrypted = self.scheme
        return f"{self.plain_address().replace(plain, encrypted, 1)}?{urlencode(said)}"

    def plain_address(self) -> str:
        """Without TLS's part."""
        raise NotImplementedError

    def introduced(self) -> str:
        """As a client has it that does all right."""
        return self.address(self.office.server.authority, self.office.client)


class StrictRabbitMQ(RabbitMQ, Strict):
    """With a plain port beside, for the looks of `local`."""

    scheme: ClassVar[tuple[str, str]] = ("amqp://", "amqps://")
    words: ClassVar[tuple[str, str, str]] = ("cafile", "certfile", "keyfile")

    def __init__(self, run: Path, office: Office) -> None:
        super().__init__(run, "password-of-rabbitmq")
        self.office, self.tls_port = office, free_port()

    def plain_address(self) -> str:
        return self.url.replace(f":{self.port}", f":{self.tls_port}")

    def _settings(self) -> tuple[str, ...]:
        return (
            *super()._settings(),
            f"listeners.ssl.1 = {LOOPBACK}:{self.tls_port}",
            f"ssl_options.cacertfile = {self.office.server.authority}",
            f"ssl_options.certfile = {self.office.server.certificate}",
            f"ssl_options.keyfile = {self.office.server.key}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
        )


class StrictPostgres(Postgres, Strict):
    """Lets nobody in without TLS and a certificate."""

    scheme: ClassVar[tuple[str, str]] = ("postgresql://", "postgresql://")
    words: ClassVar[tuple[str, str, str]] = ("sslrootcert", "sslcert", "sslkey")
    more: ClassVar[dict[str, str]] = {"sslmode": "verify-full"}

    def __init__(self, run: Path, office: Office) -> None:
        super().__init__(run, "password-of-postgres", fsync=False)
        self.office = office

    def plain_address(self) -> str:
        return super().database_url("postgres")

    @property
    def url(self) -> str:
        return self.introduced()

    async def prepare(self) -> None:
        await super().prepare()
        self._hand_over(self.folder / "data")

    def _hand_over(self, data: Path) -> None:
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n")
        for paper in (self.office.server.authority, self.office.server.certificate, self.office.server.key):
            copy = Path(shutil.copy(paper, data))
            copy.chmod(0o600)  # it refuses a key that others may read
            if os.geteuid() == 0:
                shutil.chown(copy, SYSTEM_USER, SYSTEM_USER)

    def _settings(self) -> dict[str, str]:
        papers = self.office.server
        return {
            **super()._settings(),
            "ssl": "on",
            "ssl_ca_file": f"'{papers.authority.name}'",
            "ssl_cert_file": f"'{papers.certificate.name}'",
            "ssl_key_file": f"'{papers.key.name}'",
        }


class StrictRedis(Redis, Strict):
    """With no port but the encrypted one."""

    scheme: ClassVar[tuple[str, str]] = ("redis://", "rediss://")
    words: ClassVar[tuple[str, str, str]] = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")

    def __init__(self, run: Path, office: Office) -> None:
        super().__init__(run, "password-of-redis")
        self.office = office

    def plain_address(self) -> str:
        return super().database_url(0)

    @property
    def url(self) -> str:
        return self.introduced()

    async def prepare(self) -> None:
        await super().prepare()
        papers, config = self.office.server, self.folder / "redis.conf"
        encrypted = (
            f"port 0\ntls-port {self.port}\ntls-auth-clients yes\ntls-ca-cert-file {papers.authority}\n"
            f"tls-cert-file {papers.certificate}\ntls-key-file {papers.key}\n"
        )
        config.write_text(config.read_text().replace(f"port {self.port}\n", encrypted))
