"""Owns how campaigns are told: tallies in words, and a bar that moves while one is fed."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ops.bar import Bar
from ops.campaigns import Campaign, Tally
from ops.terminal import people, say

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


def told(tally: Tally) -> str:
    """The tally in one line."""
    fates = [f"{tally.fates[fate]:,} {words}" for fate, words in FATES.items() if tally.fates.get(fate)]
    return f"{people(tally.people)}: {', '.join(fates) or 'nobody is left'}"


def titled(campaign: Campaign) -> str:
    """Which campaign it is."""
    return f"campaign {campaign.campaign_id} ({campaign.name})"


class CampaignBar(Bar):
    """Looks on while a campaign is fed: the bar, and everywhere a line for each change of state."""

    nobody = "nobody takes from outbound.bulk: `fleet pause` says whether bulk is paused; is a sender there?"

    def __init__(self) -> None:
        super().__init__()
        self._state = "running"

    def see(self, seen: "Seen") -> None:
        """Move on; say it when the state is another, or when nobody takes from the queue."""
        campaign, tally = seen.campaign, seen.tally
        self.move(titled(campaign), tally.people - tally.waiting, tally.people, _told_shortly(tally))
        if campaign.state not in {self._state, "done"}:
            say(f"{titled(campaign)} {STATES[campaign.state].format(id=campaign.campaign_id)}")
        self._state = campaign.state
        self.look(seen.queue)


def _told_shortly(tally: Tally) -> str:
    """What is over, in as few words as a bar has room for."""
    fates = [f"{fate} {tally.fates[fate]:,}" for fate in FATES if tally.fates.get(fate) and fate != "waiting"]
    return ", ".join(fates)
