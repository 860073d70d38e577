"""A world on a stepped clock: senders with a lease and a pacer, the broker between them, and what reaches Telegram.

The broker is RabbitMQ's single active consumer as far as the law leans on it: who is active is known to it alone, it
hands out first what it took back, and it keeps the order of each channel. All else goes wrong as it likes.
"""

import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sender.pacer import Pacer, Slot
from shared.lease import KNOCK, Knock, Lease, Will

GUARD = 0.025
WAY = 0.02
"""Seconds from a write to its arrival, to which up to the guard is added."""
TTL = 60.0
IN_FLIGHT = 150

Letter = Knock | Will


@dataclass(eq=False)
class Channel:
    """What is on its way between a process and the broker, in order; `stalled` until a time, it carries nothing."""

    open: bool = True
    tags: int = 0
    stalled: float = 0.0
    unacked: dict[int, tuple[float, Letter]] = field(default_factory=dict)
    up: deque[tuple[float, Letter | int | None]] = field(default_factory=deque)
    """Letters to publish, tags to ack, None to close."""
    down: deque[tuple[float, int, Letter]] = field(default_factory=deque)


class Broker:
    """The queue: who is first of those that queue up is fed everything."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.channels: list[Channel] = []
        self.returned: deque[tuple[float, Letter]] = deque()
        self.ready: deque[tuple[float, Letter]] = deque()
        self.away_until = 0.0
        self.drops: list[tuple[float, Channel]] = []

    def step(self, now: float) -> None:
        """Do what the frames that have come ask for, then hand out."""
        if now < self.away_until:
            return
        for at, channel in self.drops:
            if at <= now:
                self.close(channel)
        for channel in list(self.channels):
            while channel.open and channel.stalled <= now and channel.up and channel.up[0][0] <= now:
                match channel.up.popleft()[1]:
                    case None:
                        self.close(channel)
                    case int(tag):
                        channel.unacked.pop(tag, None)
                    case letter:
                        self.ready.append((now, letter))
        self._hand_out(now)

    def _hand_out(self, now: float) -> None:
        for source in (self.returned, self.ready):
            while source and self.channels:
                at, letter = source.popleft()
                if at + TTL > now:
                    active = self.channels[0]
                    active.tags += 1
                    active.unacked[active.tags] = at, letter
                    active.down.append((now + self.rng.uniform(0, 0.01), active.tags, letter))

    def _take_back(self, channel: Channel) -> None:
        self.returned.extend(channel.unacked.values())
        channel.unacked.clear()
        self.channels.remove(channel)

    def close(self, channel: Channel) -> None:
        """The channel ends, whoever wants it; what its process holds goes to the next."""
        if channel.open:
            channel.open = False
            self._take_back(channel)

    def drop(self, channel: Channel, at: float) -> None:
        """Carry nothing from now on, and at that time give the channel up, which its process learns later."""
        channel.stalled = math.inf
        self.drops.append((at, channel))

    def look_away(self) -> None:
        """Feed the next in place of the active one, and tell nobody, as a cluster does that loses sight of a node."""
        if self.channels:
            channel = self.channels[0]
            self._take_back(channel)
            self.channels.append(channel)

    def restart(self, until: float) -> None:
        """Lose all channels and what was on its way; what is in the queue stays."""
        self.away_until = until
        for channel in list(self.channels):
            self.close(channel)


class Process:
    """A sender: what Turn, Departures and the event loop do with a lease and a pacer."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.runs_again = 0.0
        self.joins_at = 0.0
        self.notices_at = 0.0
        self.suspended = 0.0
        self.channel: Channel | None = None
        self.lease = world.lease("", 0.0)
        self.pacer = world.pacer(world.rate, world.guard, self.loop_clock)
        self.epoch = 0
        self.next_knock = 0.0
        self.writing: list[tuple[float, Slot, int, float]] = []
        """Calls before their last byte: when it is due, the slot, the epoch, when the first byte was written or 0."""
        self.stamping: list[tuple[float, Slot]] = []
        self.answers_at: list[float] = []

    @property
    def clock(self) -> float:
        """The lease's clock: of this process's own beginning, and it counts everything."""
        return self.world.now + 1000.0 * ord(self.name)

    @property
    def loop_clock(self) -> float:
        """The pacer's clock, which stands still while the machine is suspended."""
        return self.clock - self.suspended

    @property
    def held(self) -> bool:
        return self.lease.held(self.clock)

    def freeze(self, until: float, *, suspended: bool = False) -> None:
        """Do nothing until then; suspended, the event loop's clock stands still as well."""
        if until > self.runs_again:
            self.suspended += (until - max(self.runs_again, self.world.now)) * suspended
            self.runs_again = until

    def kill(self) -> None:
        """Everything is forgotten; what is on the wire stays there."""
        if self.channel is not None:
            self.channel.up.append((self.world.now, None))
        world, joins_at = self.world, self.joins_at
        self.__init__(world, self.name)  # type: ignore[misc]  # as a new process
        self.joins_at = joins_at

    def hand_over(self, late: float) -> None:
        """As Turn.hand_over; the will comes so long after the channel's end, or (below 0) before it."""
        if self.channel is None:
            return
        self._abandon()
        self._stamp()
        ages = json.dumps(self.pacer.ages(self.loop_clock))
        will = Will(self.lease.me, ages.encode()) if self.lease.leave(self.clock) else None
        if will is not None and late < 0:
            self.channel.up.append((self.world.now, will))
        self.channel.up.append((self.world.now, None))
        if will is not None and late >= 0:
            self.world.late.append((self.world.now + late, self.channel, will))
        self._leave()

    def _abandon(self) -> None:
        for _, slot, _, begun in self.writing:
            if not begun:
                self.pacer.give_back(slot)
        self.writing = [call for call in self.writing if call[3]]

    def _leave(self) -> None:
        self.channel = None
        self.lease = self.world.lease("", 0.0, self.lease.epoch)

    def step(self) -> None:
        """One turn of the event loop."""
        if self.world.now < self.runs_again:
            return
        self._stamp()
        self._link()
        if self.channel is not None:
            self._read(self.channel)
            if self.lease.eager or self.world.now >= self.next_knock:
                self._send(self.channel, self.lease.knock(self.clock))
                self.next_knock = self.world.now + KNOCK
        self._write()
        self._depart()

    def _stamp(self) -> None:
        for slot in [slot for at, slot in self.stamping if at <= self.world.now]:
            self.pacer.stamp(slot, self.loop_clock)
        self.stamping = [(at, slot) for at, slot in self.stamping if at > self.world.now]

    def _link(self) -> None:
        now = self.world.now
        if self.channel is None and now >= max(self.joins_at, self.world.broker.away_until):
            self.channel = Channel()
            self.world.broker.channels.append(self.channel)
            self.world.attachments += 1
            self.lease = self.world.lease(f"{self.name}{self.world.attachments}", self.clock, self.lease.epoch)
            self.notices_at = 0.0
        elif self.channel is not None and not self.channel.open:
            self.notices_at = self.notices_at or now + self.world.rng.choice((0.0, 0.3, 4.0))
            if now >= self.notices_at and (not self.channel.down or self.channel.stalled > now):
                self._leave()

    def _send(self, channel: Channel, frame: Letter | int) -> None:
        channel.up.append((self.world.now + self.world.rng.uniform(0, 0.01), frame))

    def _read(self, channel: Channel) -> None:
        while channel.down and channel.down[0][0] <= self.world.now and channel.stalled <= self.world.now:
            _, tag, letter = channel.down.popleft()
            if isinstance(letter, Knock):
                over = self.lease.knocked(letter, tag, self.clock)
            else:
                self.lease.bequeathed(letter, self.loop_clock, self.clock)
                over = [tag]
            for done in over:
                self._send(channel, done)

    def _depart(self) -> None:
        if not self.held:
            return
        if self.epoch != self.lease.epoch:
            self.epoch = self.lease.epoch
            received_at, estate = self.lease.inheritance or (0.0, b"null")
            if (ages := json.loads(estate)) is None:
                self.pacer.restart(self.loop_clock)
            else:
                self.pacer.inherit(ages, received_at, self.loop_clock)
                self.world.inherited += 1
        self.answers_at = [at for at in self.answers_at if at > self.world.now]
        while len(self.answers_at) + len(self.writing) < IN_FLIGHT and self.pacer.delay(self.loop_clock) == 0:
            slot, rng = self.pacer.take(self.loop_clock), self.world.rng
            upload = rng.random() < self.world.uploads
            due = self.world.now + (rng.uniform(0.1, 3.0) if upload else rng.choice(self.world.stalls))
            self.writing.append((due, slot, self.epoch, self.world.now if upload else 0.0))
            self._write()

    def _write(self) -> None:
        now, rng = self.world.now, self.world.rng
        for call in [call for call in self.writing if call[0] <= now]:
            self.writing.remove(call)
            _, slot, epoch, begun = call
            if not self.held or epoch != self.lease.epoch:
                self.pacer.give_back(slot)
                continue
            moment = rng.uniform(begun, now) if begun else now
            jitter = rng.choice((0.0, GUARD, rng.uniform(0, GUARD)))
            self.world.arrivals.append(moment + WAY + jitter)
            self.answers_at.append(now + self.world.answers)
            if begun:
                self.stamping.append((now + rng.uniform(0, 1.0), slot))
            else:
                self.stamping.append((now, slot))


class World:
    """Time, the broker, the processes, and what arrived at Telegram; `step` it, and look."""

    def __init__(
        self,
        *,
        rate: int = 3,
        names: str = "ABC",
        lease: Callable[..., Lease] = Lease,
        pacer: Callable[[int, float, float], Pacer] = Pacer,
        process: type[Process] = Process,
    ) -> None:
        self.now = 100.0
        self.rng = Random(1)  # noqa: S311 - chance, no secret
        self.rate, self.guard, self.uploads, self.answers = rate, GUARD, 0.02, 0.0
        self.lease, self.pacer = lease, pacer
        self.stalls: tuple[float, ...] = (0.0, 0.0, 0.0, 0.03, 0.5)
        self.broker = Broker(self.rng)
        self.arrivals: list[float] = []
        self.late: list[tuple[float, Channel, Will]] = []
        self.attachments = self.inherited = self.most = 0
        self.processes = [process(self, name) for name in names]
        self._seen = 0

    @property
    def holders(self) -> list[str]:
        return [process.name for process in self.processes if process.held]

    @property
    def active(self) -> Process | None:
        """Whom the broker feeds."""
        first = self.broker.channels[:1]
        return next((process for process in self.processes if [process.channel] == first), None)

    def run(self, seconds: float, tick: float = 0.02) -> None:
        """Let time pass, and see that the law is kept all the while."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + self.rng.uniform(0, tick))
            self.step()

    def step(self) -> None:
        for due in [due for due in self.late if due[0] <= self.now and not due[1].open]:
            self.late.remove(due)
            self.broker.ready.append((self.now, due[2]))
        self.broker.step(self.now)
        for process in self.rng.sample(self.processes, len(self.processes)):
            process.step()
            assert len(self.holders) <= 1, f"{self.holders} hold at once"
        if len(self.arrivals) != self._seen:
            self._seen = len(self.arrivals)
            latest = sorted(self.arrivals)[-12 * self.rate :]
            for first, beyond in zip(latest, latest[self.rate :], strict=False):
                assert beyond - first >= 1.0 - 1e-9, f"{self.rate + 1} arrivals in {beyond - first:.4f} s"
