"""A container engine for the stories, once for all of them."""

from collections.abc import Iterator

import pytest

from tests.deploy.engine import Engine, engine, images


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """An engine that has the images, or can pull them."""
    with engine(images()) as found:
        yield found
