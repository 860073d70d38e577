"""Owns the words `fleet dead ...`: what nobody could handle, and what becomes of it."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Final, NamedTuple

import typer

from ops import dead
from ops.bar import Bar
from ops.commands.types import now
from ops.dead import Look, Moved
from ops.dead_letters import Choice, DeadLetter
from ops.dead_words import HEADINGS, depths, dropped, found, replayed, row, whole
from ops.moments import moment
from ops.settings import DeadSettings
from ops.terminal import Refused, done, say, tell
from shared.settings import read
from shared.topology import DEAD_QUEUES

app = typer.Typer(no_args_is_help=True, help="Messages that nobody could handle. Do one thing with them at a time.")

LOOKING: Final = "Looking at the dead letters"
REPLAYING: Final = "Moving dead letters back (said again, it goes on)"
DROPPING: Final = "Dropping dead letters (said again, it goes on)"
INTERRUPTED: Final = 130
SHOWN: Final = 5
"""Messages of one key that are shown."""

Queues = Annotated[list[str] | None, typer.Option("--queue", help="Only this one, such as updates; or more.")]
Since = Annotated[str | None, typer.Option(metavar="MOMENT", help="Failed last since 2h, 10:50, 2026-11-24.")]
Until = Annotated[
    str | None, typer.Option(metavar="MOMENT", help="Likewise, and no later; a date with all of its day.")
]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Only with this in their reason.")]
Key = Annotated[str | None, typer.Option(help="Only those of this key.")]
"""The options that choose. Their names are repeated below, as typer reads them from each command's own parameters."""
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many they are, and leave them.")]


class Words(NamedTuple):
    """What was said to choose, an option each."""

    queues: list[str] | None = None
    since: str | None = None
    until: str | None = None
    reason: str | None = None
    key: str | None = None


@app.command("list")
def list_(  # noqa: PLR0913, PLR0917 - an operator's options
    queue: Queues = None,
    since: Since = None,
    until: Until = None,
    reason: Reason = None,
    key: Key = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most, the newest.")] = 50,
) -> None:
    """Show what is dead, why, since when, and whose it is; times are on the company's clock. Changes nothing."""
    settings = read(DeadSettings)
    with _interruptible(), Bar() as bar:
        look = done(_look(settings, Words(queue, since, until, reason, key), limit, bar), LOOKING)
    say(depths(look))
    if look.lines:
        tell(HEADINGS, [row(line, settings.zone) for line in look.lines])
    if words := found(look, settings.zone):
        say(words)


@app.command()
def show(
    queue_or_key: Annotated[str, typer.Argument(metavar="[QUEUE] KEY", help="As `list` tells them.")],
    key: Annotated[str | None, typer.Argument(metavar="", show_default=False)] = None,
) -> None:
    """Show everything of one dead letter. Changes nothing."""
    settings = read(DeadSettings)
    queues = None if key is None else [queue_or_key]
    with _interruptible(), Bar() as bar:
        letters, number = done(_read(settings, queues, queue_or_key if key is None else key, bar), LOOKING)
    say("\n\n".join(whole(letter, settings.zone) for letter in letters))
    if number > len(letters):
        say(f"\nthe last {len(letters)} of {number:,} that have this key")


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - an operator's options
    queue: Queues = None,
    since: Since = None,
    until: Until = None,
    reason: Reason = None,
    key: Key = None,
    rate: Annotated[float, typer.Option(min=0.1, max=10_000, help="Messages a second at most.")] = 20.0,
    *,
    dry_run: DryRun = False,
) -> None:
    """Move dead letters back to where they came from, oldest first, to be tried anew.

    They keep their keys, so nothing happens twice, however often this is said. What dies meanwhile stays dead.
    """
    settings, moved = read(DeadSettings), Moved()
    words = Words(queue, since, until, reason, key)
    if dry_run:
        _count(settings, words, moved)
        say(f"{replayed(moved)} would be moved back; dry run, nothing is")
        return
    with _told(lambda: f"{replayed(moved)} moved back", moved), Bar() as bar:
        done(_replay(settings, words, rate, bar, moved), REPLAYING)
    say(f"{replayed(moved)} moved back")


@app.command()
def drop(  # noqa: PLR0913 - an operator's options
    queue: Queues = None,
    since: Since = None,
    until: Until = None,
    reason: Reason = None,
    key: Key = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Drop them; without it they are only counted.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete dead letters, for ever."""
    settings, moved = read(DeadSettings), Moved()
    words = Words(queue, since, until, reason, key)
    if dry_run or not confirm:
        _count(settings, words, moved, everything=everything)
        say(f"{dropped(moved)} would be dropped; drop them with --confirm")
        return
    with _told(lambda: f"{dropped(moved)} dropped", moved), Bar() as bar:
        done(_drop(settings, words, bar, moved, everything=everything), DROPPING)
    say(f"{dropped(moved)} dropped")


def _choice(settings: DeadSettings, words: Words) -> Choice:
    at = now()
    return Choice(
        queues=_queues(words.queues or ()) or DEAD_QUEUES,
        since=None if words.since is None else moment(words.since, at, settings.zone),
        until=None if words.until is None else moment(words.until, at, settings.zone, end=True),
        reason=words.reason,
        key=words.key,
    )


def _queues(said: Sequence[str]) -> tuple[str, ...]:
    names = [word if word.startswith("dead.") else f"dead.{word}" for word in said]
    if unknown := sorted({*names} - {*DEAD_QUEUES}):
        raise Refused(*(f"there is no queue {name!r}: say {', '.join(DEAD_QUEUES)}" for name in unknown))
    return tuple(name for name in DEAD_QUEUES if name in names)


async def _look(settings: DeadSettings, words: Words, limit: int, bar: Bar) -> Look:
    return await dead.look(settings.rabbitmq_url, _choice(settings, words), limit, bar)


async def _read(settings: DeadSettings, queues: list[str] | None, key: str, bar: Bar) -> tuple[list[DeadLetter], int]:
    choice = _choice(settings, Words(queues, key=key))
    letters, number = await dead.read(settings.rabbitmq_url, choice, SHOWN, bar)
    if not letters:
        raise Refused(f"no dead letter has the key {key!r}: see `fleet dead list`")
    return letters, number


def _count(settings: DeadSettings, words: Words, moved: Moved, *, everything: bool = True) -> None:
    async def counted() -> None:
        _check(words, everything=everything)
        await dead.count(settings.rabbitmq_url, _choice(settings, words), bar, moved)

    with _interruptible(), Bar() as bar:
        done(counted(), LOOKING)


async def _replay(settings: DeadSettings, words: Words, rate: float, bar: Bar, moved: Moved) -> None:
    await dead.replay(settings.rabbitmq_url, _choice(settings, words), rate, bar, moved)


async def _drop(settings: DeadSettings, words: Words, bar: Bar, moved: Moved, *, everything: bool) -> None:
    _check(words, everything=everything)
    await dead.drop(settings.rabbitmq_url, _choice(settings, words), bar, moved)


def _check(words: Words, *, everything: bool) -> None:
    if not everything and not any(words):
        raise Refused("which ones? say --queue, --since, --until, --reason or --key, or --all")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends a look without a word: it has changed nothing."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


@contextlib.contextmanager
def _told(so_far: Callable[[], str], moved: Moved) -> Iterator[None]:
    """Say what was done until it failed or was interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"{so_far()} until then; the same words go on with the rest")
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        if moved.counts:
            say(f"{so_far()} until then")
        raise
