"""Owns what is done to our own processes: kills, freezes, restarts of services and engines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from local.engine import Engine
from tests.soak.arena import Arena
from tests.soak.load import Load
from tests.soak.plan import Strike

BOTH: Final = "both senders"
Way = Callable[[Strike], Awaitable[None]]


class Machines:
    """Strikes our machines; each strike is over when what it struck works again."""

    def __init__(self, arena: Arena, load: Load) -> None:
        self._arena = arena
        self._load = load
        self._say = arena.diary.say
        self.ways: dict[str, Way] = {
            "kill_active": self._kill_active,
            "kill_standby": self._kill_standby,
            "kill_both": self._kill_both,
            "kill_worker": self._kill_worker,
            "term_active": self._term_active,
            "term_standby": self._term_standby,
            "freeze_active": self._freeze_active,
            "freeze_standby": self._freeze_standby,
            "stall_active": self._freeze_active,
            "kill_redis": self._kill_redis,
            "flush_redis": self._flush_redis,
            "kill_rabbitmq": self._kill_rabbitmq,
            "freeze_rabbitmq": self._freeze_rabbitmq,
        }

    async def strike(self, strike: Strike) -> None:
        """Do it, and undo it."""
        await self.ways[strike.kind](strike)

    async def _kill_active(self, strike: Strike) -> None:
        await self._load.pile_up()
        await self._kill(strike, await self._arena.active_sender(), hits_active=True)

    async def _kill_standby(self, strike: Strike) -> None:
        await self._kill(strike, await self._arena.standby_sender())

    async def _kill_worker(self, strike: Strike) -> None:
        await self._kill(strike, "checkin_worker-1")

    async def _kill_both(self, strike: Strike) -> None:
        await self._load.pile_up()
        fleet, names = self._arena.fleet, self._arena.senders
        with self._arena.away(*names):
            with self._arena.diary.moment(strike.kind, f"kill -9 of {BOTH}", hits_active=True):
                await asyncio.gather(*(fleet.kill(name) for name in names))
            await asyncio.sleep(strike.seconds)
            await asyncio.gather(*(fleet.start(name) for name in names))
        self._say(f"{BOTH} are up again")

    async def _kill(self, strike: Strike, name: str, *, hits_active: bool = False) -> None:
        active = ", which is active" if hits_active else ""
        with self._arena.away(name):
            with self._arena.diary.moment(strike.kind, f"kill -9 of {name}{active}", hits_active=hits_active):
                await self._arena.fleet.kill(name)
            await asyncio.sleep(strike.seconds)
            await self._arena.fleet.start(name)
        self._say(f"{name} is up again")

    async def _term_active(self, strike: Strike) -> None:
        await self._load.pile_up()
        await self._term(strike, await self._arena.active_sender(), ", which is active")

    async def _term_standby(self, strike: Strike) -> None:
        await self._term(strike, await self._arena.standby_sender(), "")

    async def _term(self, strike: Strike, name: str, active: str) -> None:
        with self._arena.away(name):
            with self._arena.diary.moment(strike.kind, f"SIGTERM to {name}{active}") as moment:
                status = await self._arena.fleet.stop(name)
            took = moment.until - moment.at
            if status:
                self._arena.diary.accident(f"{name} ended with status {status} after SIGTERM and {took:.1f} s")
            await asyncio.sleep(strike.seconds)
            await self._arena.fleet.start(name)
        self._say(f"{name}, which took {took:.1f} s to end, is up again")

    async def _freeze_active(self, strike: Strike) -> None:
        await self._load.pile_up()
        await self._freeze(strike, await self._arena.active_sender(), hits_active=True)

    async def _freeze_standby(self, strike: Strike) -> None:
        await self._freeze(strike, await self._arena.standby_sender())

    async def _freeze(self, strike: Strike, name: str, *, hits_active: bool = False) -> None:
        what = f"{name}{', which is active,' if hits_active else ''} is frozen for {strike.seconds:.1f} s"
        with (
            self._arena.diary.moment(strike.kind, what, hits_active=hits_active),
            self._arena.frozen(self._arena.fleet.child(name)),
        ):
            await asyncio.sleep(strike.seconds)
        self._say(f"{name} thaws")

    async def _kill_redis(self, strike: Strike) -> None:
        await self._kill_engine(strike, self._arena.engines.redis)

    async def _flush_redis(self, strike: Strike) -> None:
        with self._arena.diary.moment(strike.kind, "Redis is emptied"):
            await self._arena.engines.redis.flushed(0)

    async def _kill_rabbitmq(self, strike: Strike) -> None:
        await self._kill_engine(strike, self._arena.engines.rabbitmq)

    async def _kill_engine(self, strike: Strike, engine: Engine) -> None:
        with self._arena.diary.moment(strike.kind, f"kill -9 of {engine.name}"):
            await engine.kill()
            await asyncio.sleep(strike.seconds)
            await engine.start()
        self._say(f"{engine.name} is up again")

    async def _freeze_rabbitmq(self, strike: Strike) -> None:
        rabbitmq = self._arena.engines.rabbitmq
        with (
            self._arena.diary.moment(strike.kind, f"rabbitmq is frozen for {strike.seconds:.1f} s"),
            self._arena.frozen(rabbitmq.child),
        ):
            await asyncio.sleep(strike.seconds)
        self._say("rabbitmq thaws")
