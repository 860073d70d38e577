"""Owns how one query is asked for several people at once: an array for each parameter, and `nth` in each row. Pure.

PostgreSQL plans, locks and answers once for all of them, which costs it a fraction of as many single queries. It is
kept from joining (OFFSET 0) and looks up each: a join that was planned for a small table is carried out on a large one.
"""

import re
from typing import Final

_PARAMETER: Final = re.compile(r"\$(\d+)")


def several(query: str, types: tuple[str, ...], written: str = "") -> str:
    """The query for several.

    Args:
        query: for one; it writes nothing.
        types: PostgreSQL's, of its parameters in order.
        written: a CTE before it that writes for all, `name AS (INSERT ... SELECT $1 ... FROM one ...)`.

    Returns:
        A query whose parameters are arrays, of equal lengths; its first column is `nth`, from 1.
    """
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    names = ", ".join(f"a{number}" for number in range(1, len(types) + 1))
    before = f", {_of_each(written)}" if written else ""
    return (
        f"WITH one AS (SELECT * FROM unnest({arrays}) WITH ORDINALITY AS given({names}, nth)){before} "  # noqa: S608 - constants
        f"SELECT one.nth, found.* FROM one CROSS JOIN LATERAL ({_of_each(query)} OFFSET 0) found"
    )


def _of_each(query: str) -> str:
    return _PARAMETER.sub(r"one.a\1", query)
