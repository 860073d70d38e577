"""Owns the errors that the fleet's own code raises; adapters translate a library's exceptions into these.

FleetError
├── Unavailable             an engine does not answer now; nothing is wrong with the message: try again in place
│   ├── BrokerUnavailable   RabbitMQ: not connected, confirm late, queue full (what was published is then *unknown*)
│   ├── DatabaseUnavailable PostgreSQL: away, restarting, read-only, no free connection (a commit is then *unknown*)
│   └── CacheUnavailable    Redis: away or slow
└── Undecodable             a message that nobody will understand, now or later: to the dead letters
"""


class FleetError(Exception):
    """Anything that the fleet's own code refuses or cannot do."""


class Unavailable(FleetError):
    """An engine does not answer now; the same call may succeed a moment later."""


class BrokerUnavailable(Unavailable):
    """RabbitMQ did not confirm; the message may or may not be in the queue."""


class DatabaseUnavailable(Unavailable):
    """PostgreSQL did not answer; a transaction that was committing may or may not be stored."""


class CacheUnavailable(Unavailable):
    """Redis did not answer within its few milliseconds; go on without it."""


class Undecodable(FleetError):
    """A message that no retry can make understandable; its text says why."""
