"""Owns bursts in simulated time: the sender's own pacer on a stepped clock, for crowds that the cap keeps for hours."""

from dataclasses import dataclass

from ops.plan.costs import MESSAGE
from ops.plan.rush import Cap, Rush
from sender.pacer import Pacer


@dataclass(frozen=True, slots=True)
class Burst:
    """So many check-ins at once: seconds until half and all of them are told, and what waits meanwhile.

    Attributes:
        said: seconds until the last one, as `fleet plan` says.
    """

    people: int
    half: float
    last: float
    said: float

    @property
    def waiting(self) -> float:
        """MiB of replies in each copy of RabbitMQ's queue, when all wait."""
        return self.people * MESSAGE.value / 1024**2


def burst(people: int, cap: Cap) -> Burst:
    """Let one call for each of them go as soon as the pacer lets it."""
    begin = 10.0  # every slot that was used before is free again
    now, pacer, gone = begin, Pacer(cap.rate, cap.guard, 0.0), list[float]()
    for _ in range(people):
        while (delay := pacer.delay(now)) is not None and delay > 0:
            now += delay
        pacer.stamp(pacer.take(now), now)
        gone.append(now - begin)
    return Burst(people, gone[(people - 1) // 2], gone[-1], Rush(people, 0.0, cap.pace).over)
