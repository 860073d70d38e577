"""Owns the shapes of a load: how many users there are at which moment. LOAD_SHAPE names one, -u gives its height."""

import os
import sys
from collections.abc import Mapping
from typing import Final

from locust import LoadTestShape

from tests.load.hours import share_at
from tests.load.steps import Counted, Step, verdict

Height = tuple[int, float]
"""How many users there are to be, and how many may come or go a second until there are."""


class Everyone(LoadTestShape):
    """Everyone at 10:55: all users post one location in the same moment; over when all are taken."""

    use_common_options = True
    longest: Final = 120.0

    def tick(self) -> Height | None:
        """All of them, until each was taken."""
        users = _users(self)
        total = self.runner.stats.total
        over = total.num_requests - total.num_failures >= users or self.get_run_time() > self.longest
        return None if over else (users, users)


class Ramp(LoadTestShape):
    """Ramp to collapse: a quarter of -u more in each step, until the door's p99 or its 503s break; says at which rate.

    Forty steps at most. What is left in the queues when it breaks is handled afterwards.
    """

    use_common_options = True
    seconds: Final = 10.0
    """Of a step."""
    settling: Final = 4.0
    """Of these, the first, which are not looked at: users come, and what others count is told every 3 s."""
    most: Final = 40

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[Step] = []
        self._begun: Counted | None = None

    def tick(self) -> Height | None:
        """The users of the step, judged when it is over."""
        at, users = self.get_run_time(), max(_users(self) // 4, 1) * (len(self._steps) + 1)
        within = at - len(self._steps) * self.seconds
        if self._begun is None and within >= self.settling:
            self._begun = self._counted(at)
        elif self._begun is not None and within >= self.seconds:
            step = Step.between(users, self._begun, self._counted(at))
            self._steps.append(step)
            self._begun = None
            print(step, flush=True)  # noqa: T201 - locust's terminal
            if step.trouble or len(self._steps) == self.most:
                print(verdict(self._steps), flush=True)  # noqa: T201 - the same
                return None
        return users, users

    def _counted(self, at: float) -> Counted:
        total = self.runner.stats.total
        return Counted(at, total.num_requests, total.num_failures, dict(total.response_times))


class Day(LoadTestShape):
    """A day compressed into ten minutes (or into -t): a night, the rush before eleven, a noon, the evening."""

    use_common_options = True
    usual: Final = 600.0

    def tick(self) -> Height | None:
        """The users of the hour."""
        length = self.runner.environment.parsed_options.run_time or self.usual
        hour = self.get_run_time() / length * 24
        if hour >= 24:
            return None
        users = max(1, round(_users(self) * share_at(hour)))
        return users, users


SHAPES: Final[Mapping[str, type[LoadTestShape]]] = {"everyone": Everyone, "ramp": Ramp, "day": Day}
AT_ONCE: Final = (Everyone,)
"""Those in which nobody begins before all are there, and nobody does a second thing."""


def chosen() -> type[LoadTestShape] | None:
    """The shape that LOAD_SHAPE names; None for `steady`, which has no shape."""
    name = os.environ.get("LOAD_SHAPE") or "steady"
    if name != "steady" and name not in SHAPES:
        sys.exit(f"LOAD_SHAPE must be steady, {', '.join(SHAPES)}, not {name!r}")
    return SHAPES.get(name)


def _users(shape: LoadTestShape) -> int:
    return int(shape.runner.environment.parsed_options.num_users or 1)
