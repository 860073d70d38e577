"""Owns the word `fleet doctor`: what is wrong with the fleet, and the command that mends it."""

import logging
from typing import Annotated, Final

import typer

from ops.doctor.checks import CHECKS, examine, only
from ops.doctor.surroundings import look_around
from ops.doctor.words import as_json, told
from ops.terminal import done, say

Number = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="For the pool's budget; else those that are there.")
]
ONLY: Final = f"Make this check alone; may be said again for more. There are {', '.join(CHECKS)}."
SKIP: Final = "Leave this check out; may be said again for more."


def doctor(
    workers: Number = None,
    geo_workers: Number = None,
    only_: Annotated[list[str] | None, typer.Option("--only", metavar="CHECK", help=ONLY)] = None,
    skip: Annotated[list[str] | None, typer.Option(metavar="CHECK", help=SKIP)] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at settings, engines, schema, queues, pool, replicas and the webhook; say what is wrong and what mends it.

    It changes nothing. Ends with status 0 if nothing is wrong (there may be warnings, and what could not be checked),
    1 if something is, 2 if the settings are.
    """
    if strange := sorted({*(only_ or ()), *(skip or ())} - {*CHECKS}):
        raise typer.BadParameter(f"there is no check {strange[0]!r}: say one of {', '.join(CHECKS)}")
    around, entries = look_around(workers, geo_workers), only(only_ or ())
    logging.disable()  # what libraries have to say of an engine that is away is in the findings
    try:
        diagnosis = done(examine(around, skip or (), entries), "Looking at the fleet")
    finally:
        logging.disable(logging.NOTSET)
    if json:
        typer.echo(as_json(diagnosis))
    else:
        say(told(diagnosis))
    if diagnosis.status:
        raise typer.Exit(diagnosis.status)
