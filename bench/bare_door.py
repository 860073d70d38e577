"""Owns the least that a webhook can be: aiohttp takes the body, RabbitMQ confirms it, and then it is answered.

`python -m bench.bare_door PORT`: no secret is compared, nothing is decoded, counted, logged or bounded.
"""

import asyncio
import os
import sys

import aio_pika
import uvloop
from aiohttp import web

from local.ports import LOOPBACK
from shared.topology import UPDATES


async def main(port: int) -> None:
    """Serve until a signal ends the process."""
    async with await aio_pika.connect(os.environ["RABBITMQ_URL"]) as connection, connection.channel() as channel:

        async def post(request: web.Request) -> web.Response:
            message = aio_pika.Message(await request.read(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, UPDATES.name)
            return web.Response()

        app = web.Application()
        app.router.add_post("/webhook", post)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, port).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1])))
