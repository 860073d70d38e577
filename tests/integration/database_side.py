"""PostgreSQL's logins as tests use them: services and operators connect as members of their roles."""

import re

from local.postgres import USER


def as_login(database_url: str, login: str = USER) -> str:
    """The same address, for another login (as who owns the tables, if none is named): all have one password."""
    return re.sub(r"(?<=://)\w+(?=:)", login, database_url, count=1)
