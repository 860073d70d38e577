"""Owns how the rules are made short enough to be waited for: each duration in them, and nothing else. Pure."""

import re
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])|(?<=for: )(\d+)([smhd])$", re.MULTILINE)


def shortened(rules: str, factor: int) -> str:
    """The rules with every range and every `for` so many times shorter, a second at least.

    Thresholds stay: what counts events within a window must be met within the shorter one.
    """

    def short(found: re.Match[str]) -> str:
        number, unit = found[1] or found[3], found[2] or found[4]
        seconds = int(number) * SECONDS[unit]
        return f"{max(1, round(seconds / factor)) if seconds else 0}s"

    return _DURATION.sub(short, rules)
