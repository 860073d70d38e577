"""Owns how campaigns are told: tallies in words, and a bar that moves while one is fed."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ops.campaigns import Campaign, Tally
from ops.terminal import OUT, people, say

if TYPE_CHECKING:
    from ops.campaign_feed import Seen

FATES: Final = MappingProxyType(
    {
        "sent": "sent",
        "unreachable": "unreachable",
        "refused": "refused by Telegram",
        "failed": "failed",
        "unknown": "unknown, as no answer came",
        "expired": "too late",
        "superseded": "superseded",
        "left": "not with us any more",
        "withdrawn": "withdrawn",
        "queued": "on their way",
        "waiting": "not queued",
    }
)
"""What became of people's messages, in the order in which it is told."""
STATES: Final = MappingProxyType(
    {
        "running": "goes on",
        "paused": "is paused: `fleet campaign resume {id}` lets it go on",
        "cancelled": "is cancelled: what waits of it is dropped",
        "done": "is done",
    }
)
STILL: Final = 20
"""Looks, half a second apart or more, at a queue that nobody takes from, before that is said."""


def told(tally: Tally) -> str:
    """The tally in one line."""
    fates = [f"{tally.fates[fate]:,} {words}" for fate, words in FATES.items() if tally.fates.get(fate)]
    return f"{people(tally.people)}: {', '.join(fates) or 'nobody is left'}"


def titled(campaign: Campaign) -> str:
    """Which campaign it is."""
    return f"campaign {campaign.campaign_id} ({campaign.name})"


class Bar:
    """Looks on while a campaign is fed: a bar on a terminal, and everywhere a line for each change of state."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=OUT, transient=True, disable=not OUT.is_terminal)
        self._task = self._progress.add_task("", total=None, told="")
        self._state = "running"
        self._still = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def see(self, seen: "Seen") -> None:
        """Move on; say it when the state is another, or when nobody takes from the queue."""
        campaign, tally = seen.campaign, seen.tally
        settled = tally.people - tally.waiting
        self._progress.update(
            self._task, description=titled(campaign), total=tally.people, completed=settled, told=_told_shortly(tally)
        )
        if campaign.state not in {self._state, "done"}:
            say(f"{titled(campaign)} {STATES[campaign.state].format(id=campaign.campaign_id)}")
        self._state = campaign.state
        self._still = self._still + 1 if seen.queue.waiting and not seen.queue.consumers else 0
        if self._still == STILL:
            say("nobody takes from outbound.bulk: `fleet pause` says whether bulk is paused; is a sender there?")

    def away(self, problem: Exception) -> None:
        """Say that an engine went away."""
        say(f"{problem!r}: it goes on as soon as the engine is back")


def _told_shortly(tally: Tally) -> str:
    """What is over, in as few words as a bar has room for."""
    fates = [f"{fate} {tally.fates[fate]:,}" for fate in FATES if tally.fates.get(fate) and fate != "waiting"]
    return ", ".join(fates)
