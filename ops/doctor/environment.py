"""Owns the check of the settings: whether each service would start in an environment such as this one."""

from collections.abc import Iterator, Sequence
from typing import Final

from ops.doctor.findings import Finding, ok, unchecked, wrong
from ops.doctor.surroundings import SERVICES, Surroundings

NEEDED: Final = frozenset({"DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "TELEGRAM_BOT_TOKEN"})
"""Without these there is no fleet to look at; another that is missing may be set where its service runs."""


async def settings(around: Surroundings) -> Sequence[Finding]:
    """All that is wrong, each variable once, with the services that read it."""
    lines: dict[str, list[str]] = {}
    for service, said in around.lacks.items():
        for line in said:
            lines.setdefault(line, []).append(service)
    fine = [service for service in SERVICES if service in around.services]
    return [*([ok(f"whole for {', '.join(fine)}")] if fine else []), *_told(lines)]


def _told(lines: dict[str, list[str]]) -> Iterator[Finding]:
    for line, services in lines.items():
        variable, _, said = line.partition(": ")
        whose = f"{line}; read by {', '.join(services)}"
        if said.startswith("missing") and variable not in NEEDED:
            yield unchecked(whose, f"run this where {services[0]}'s environment is")
        else:
            yield wrong(whose, f"set {variable} as docs/configuration.md says" if variable else "docs/configuration.md")
