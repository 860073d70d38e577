"""Owns what a figure depends on beside the code: the machine and the versions, in words."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import aio_pika
from redis.asyncio import from_url

from local.engines import Engines

PACKAGES = ("aiogram", "aiohttp", "aio-pika", "aiolimiter")


def machine() -> str:
    """The processor and its cores."""
    told = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{told[1] if told else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"


async def versions(engines: Engines) -> str:
    """Of Python, the engines and the libraries that every competitor uses."""
    async with await aio_pika.connect(engines.rabbitmq.url) as connection:
        underlay = connection.transport
        rabbitmq = str(underlay.connection.server_properties["version"]) if underlay else "unknown"
    async with from_url(engines.redis.url) as client:
        redis = (await client.info("server"))["redis_version"]
    libraries = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"Python {platform.python_version()}, RabbitMQ {rabbitmq}, Redis {redis}, {libraries}"
