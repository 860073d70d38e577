"""Owns when workers must be there: KEDA's cron trigger, from before people come until the late ones have come. Pure."""

import math
from dataclasses import dataclass
from datetime import time
from typing import Final

PREPARING: Final = 5
"""Minutes for pods to come, a new node among them, before anybody does."""
LINGERING: Final = 30
"""Minutes that they stay after the deadline, for those who are late."""
_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Cron:
    """One trigger: from `start` to `end`, as cron has it, in a zone, at least so many pods."""

    zone: str
    start: str
    end: str
    pods: int

    @property
    def lines(self) -> list[str]:
        """The trigger as a ScaledObject has it."""
        return [
            "- type: cron",
            "  metadata:",
            f"    timezone: {self.zone}",
            f"    start: {self.start}",
            f"    end: {self.end}",
            f'    desiredReplicas: "{self.pods}"',
        ]


def cron(deadline: time, window: float, zone: str, pods: int) -> Cron:
    """The trigger for people who come within `window` seconds before the deadline, at most half a day."""
    moment = deadline.hour * 60 + deadline.minute
    start = moment - math.ceil(window / 60) - PREPARING
    return Cron(zone, _daily(start), _daily(moment + LINGERING), pods)


def _daily(minute: int) -> str:
    hour, rest = divmod(minute % _DAY, 60)
    return f"{rest} {hour} * * *"
