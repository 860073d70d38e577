"""Owns what an engine's address may say of TLS, checked when the settings are read.

Each client library knows certificates by parameters of its own, and tells of a wrong one late, or never: a path that
is not there reads like a server that is away, a parameter for certificates on an unencrypted address is left aside. So
the certificates are loaded once at the start, and what would not be obeyed is refused.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class _Names:
    """What a family of addresses calls the parameters, and the scheme that encrypts."""

    authority: str
    certificate: str
    key: str
    encrypted: str
    password: str = ""
    others: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, str, str]:
        return (self.authority, self.certificate, self.key)


_AMQP: Final = _Names("cafile", "certfile", "keyfile", "amqps", others=("capath", "cadata", "no_verify_ssl"))
_REDIS: Final = _Names(
    *("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "rediss", "ssl_password"),
    others=("ssl_ca_path", "ssl_ca_data", "ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version"),
)
_POSTGRES: Final = _Names(
    *("sslrootcert", "sslcert", "sslkey", "postgresql", "sslpassword"),
    others=("sslmode", "sslcrl", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
)
_FAMILIES: Final[Mapping[str, _Names]] = {
    "amqp": _AMQP,
    "amqps": _AMQP,
    "redis": _REDIS,
    "rediss": _REDIS,
    "unix": _REDIS,
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
}
MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""Of PostgreSQL's `sslmode`; those from `require` on look at `sslrootcert`."""


def check(url: str) -> None:
    """Refuse an address whose TLS would not work, or would not be what it looks like.

    Raises:
        ValueError: it says which parameter is wrong and what to do, and quotes no value.
    """
    address = urlsplit(url)
    names = _FAMILIES[address.scheme]
    said = dict(parse_qsl(address.query, keep_blank_values=True))
    _check_names(names, said)
    given = [name for name in names.files if name in said]
    if names is _POSTGRES:
        _check_mode(said, given)
    elif given and address.scheme != names.encrypted:
        raise ValueError(f"has {given[0]} and is not encrypted: must begin with {names.encrypted}://")
    if names.key in said and names.certificate not in said:
        raise ValueError(f"has {names.key} without {names.certificate}: add the certificate")
    _load(names, said)


def _check_names(names: _Names, said: Mapping[str, str]) -> None:
    known = {*names.files, *names.others, names.password}
    unknown = [name for name in said if name.startswith("ssl") and name not in known]
    if unknown:
        raise ValueError(f"has the unknown parameter {unknown[0][:40]}: for TLS there are {', '.join(names.files)}")


def _check_mode(said: Mapping[str, str], given: list[str]) -> None:
    mode = said.get("sslmode", "prefer")
    if mode not in MODES:
        raise ValueError(f"has an unknown sslmode: must be one of {', '.join(MODES)}")
    if given and MODES.index(mode) < MODES.index("require"):
        raise ValueError(f"has {given[0]} and would go on without TLS: add sslmode=verify-full")


def _load(names: _Names, said: Mapping[str, str]) -> None:
    """Load the files as the client will."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    wrong = names.authority
    try:
        if names.authority in said:
            context.load_verify_locations(cafile=said[names.authority])
        if names.certificate in said:
            wrong = f"{names.certificate} or {names.key}" if names.key in said else names.certificate
            # Without a password OpenSSL would ask for one at the terminal.
            password = said.get(names.password, "")
            context.load_cert_chain(said[names.certificate], said.get(names.key), password=lambda: password)
    except OSError as problem:  # ssl.SSLError is one
        reason = problem.strerror or type(problem).__name__
        raise ValueError(f"has a {wrong} that cannot be used ({reason}): must be PEM files that fit together") from None
