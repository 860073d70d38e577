"""Owns the judgement of clocks: `message.date` is Telegram's, received_at an ingress's, recorded_at PostgreSQL's."""

from typing import Final

from ops.doctor.findings import Finding, ok, warning, wrong

TOLERATED: Final = 3.0
"""Seconds; an HTTP date has whole seconds, and an answer takes a moment."""
HARMFUL: Final = 30.0
"""Seconds from which on people are told wrong delays, and messages expire too soon or too late."""


def judge(whose: str, ahead: float) -> Finding:
    """How far another clock is ahead of this machine's, in seconds.

    Args:
        whose: that clock's owner.
        ahead: negative: behind.
    """
    if abs(ahead) <= TOLERATED:
        return ok(f"{whose}'s clock and this machine's agree")
    said = f"{whose}'s clock is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    mend = "timedatectl set-ntp true   (on the machine whose clock is wrong)"
    return wrong(said, mend) if abs(ahead) > HARMFUL else warning(said, mend)
