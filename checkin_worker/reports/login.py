"""Owns as whom a report connects to the primary: as whoever reads the replicas, who can write nothing there either.

A replica is a copy of its primary, so it has the same logins. Where `DATABASE_REPLICA_URLS` names nobody, the worker's
own login is left, whose rights only the read-only transaction of a report holds back.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from checkin_worker.settings import WorkerSettings

_WHO: Final = frozenset({"user", "password", "passfile", "sslcert", "sslkey", "sslpassword"})
"""What of an address's query says who connects."""


def as_reader(settings: WorkerSettings) -> WorkerSettings:
    """The same settings, by which the primary is connected to as who reads a replica, if one names its login."""
    for replica in settings.replica_urls:
        if (url := _led(settings.database_url.get_secret_value(), replica)) is not None:
            return settings.model_copy(update={"database_url": SecretStr(url)})
    return settings


def _led(primary: str, replica: str) -> str | None:
    """The primary's address for the replica's login; None if that names none."""
    there, reader = urlsplit(primary), urlsplit(replica)
    login, at, _ = reader.netloc.rpartition("@")
    who = {name: value for name, value in parse_qsl(reader.query) if name in _WHO}
    if not login and "user" not in who:
        return None
    how = {name: value for name, value in parse_qsl(there.query) if name not in _WHO}
    hosts = there.netloc.rpartition("@")[2]
    return urlunsplit(there._replace(netloc=f"{login}{at}{hosts}", query=urlencode(how | who)))
