"""Owns which alerts no fault of the suite raises, and why. The tests in tests/rules show that they would fire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

UNSEEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TwoActiveSenders": "one that has lost the right knows it before another has it; that is what the fleet is for",
        "PostgreSQLConnections": "CloudNativePG's exporter tells it, which runs in its pods only",
    }
)
