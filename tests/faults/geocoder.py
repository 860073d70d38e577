"""Owns what the geocoder does wrong."""

import asyncio
from typing import Final

from aiohttp import web

from tests.faults.ground import Ground
from tests.faults.scenario import Scenario, Strike
from tests.integration.geo_side import broken
from tests.unit.geo_worker.geocoder_stand_in import Answer, json_of

WRONG_FOR: Final = 15.0
HUGE: Final = 1024 * 1024
KINDS: Final = 4


async def silent(_request: web.Request) -> web.StreamResponse:
    """Takes half a minute."""
    await asyncio.sleep(30)
    return web.Response(text="late")


class Garbage:
    """Answers something else each time: HTML, a megabyte, wrong types, no JSON at all."""

    def __init__(self) -> None:
        self._turn = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self._turn += 1
        answers: tuple[Answer, ...] = (_page, _megabyte, json_of({"display_name": ["x", 1, None]}), _nonsense)
        return await answers[self._turn % KINDS](request)


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Bad gateway</html>", content_type="text/html")


async def _megabyte(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"display_name": "' + b"x" * HUGE + b'"}', content_type="application/json")


async def _nonsense(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"display_name": NaN', content_type="application/json")


def answering(answer: Answer, what: str) -> Strike:
    """Answer so for a while, to those who ask for places where nobody was before."""

    async def strike(ground: Ground) -> None:
        right, before = ground.geocoder.answer, len(ground.geocoder.asked)
        with ground.diary.moment("geocoder", what):
            ground.geocoder.answer = answer
            try:
                await asyncio.sleep(WRONG_FOR)
            finally:
                ground.geocoder.answer = right
            if len(ground.geocoder.asked) == before:
                ground.diary.accident("nobody asked the geocoder meanwhile")

    return strike


SCENARIOS: Final = (
    Scenario("geocoder-down", "the geocoder answers 500 for 15 s", answering(broken, "the geocoder answers 500")),
    Scenario("geocoder-slow", "the geocoder takes 30 s, for 15 s", answering(silent, "the geocoder does not answer")),
    Scenario("geocoder-garbage", "the geocoder answers garbage for 15 s", answering(Garbage(), "it answers garbage")),
)
