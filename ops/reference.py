"""Owns `docs/configuration.md`: the table of the environment, made from the settings models.

`python -m ops.reference` prints the page, `--write` replaces the one in docs; a test compares the two.
"""

import inspect
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from checkin_worker.settings import WorkerSettings
from geo_worker.settings import GeoSettings
from ingress.settings import IngressSettings
from ops.management import ManagementSettings
from ops.settings import (
    BackfillSettings,
    CompanySettings,
    DeadSettings,
    DoctorSettings,
    GeoDeskSettings,
    PlanSettings,
    ReminderSettings,
    RetainSettings,
    TraceSettings,
)
from ops.webhook import WebhookAddress, WebhookSettings
from sender.settings import SenderSettings
from shared import settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "configuration.md"

READERS: Final[Mapping[str, type[settings.Settings]]] = {
    "ingress": IngressSettings,
    "checkin_worker": WorkerSettings,
    "geo_worker": GeoSettings,
    "sender": SenderSettings,
    "fleet migrate": settings.DatabaseSettings,
    "fleet roles": settings.DatabaseSettings,
    "fleet webhook": WebhookSettings,
    "fleet remind": ReminderSettings,
    "fleet campaign": ReminderSettings,
    "fleet pause": settings.BrokerSettings,
    "fleet geo": GeoDeskSettings,
    "fleet geocode": BackfillSettings,
    "fleet dead": DeadSettings,
    "fleet retain": RetainSettings,
    "fleet plan": PlanSettings,
    "fleet trace": TraceSettings,
    "fleet doctor": DoctorSettings,
    "fleet (the rest)": CompanySettings,
}
"""Who reads the environment, and as what; a test finds the settings that are missing here."""

GROUPS: Final[Mapping[type, str]] = {
    settings.ProcessSettings: "process",
    settings.TracingSettings: "tracing",
    settings.BrokerSettings: "engines",
    settings.PoolSettings: "engines",
    settings.DatabaseSettings: "engines",
    settings.CacheSettings: "engines",
    ManagementSettings: "engines",
    TraceSettings: "engines",
    settings.BotIdentity: "Telegram",
    settings.TelegramSettings: "Telegram",
    WebhookAddress: "Telegram",
    WebhookSettings: "Telegram",
    settings.IntakeSettings: "Telegram",
    IngressSettings: "Telegram",
    WorkerSettings: "people",
    settings.ConsentSettings: "people",
    settings.RetentionSettings: "people",
    settings.WorkdaySettings: "working day",
    settings.GeocodingSwitch: "geocoding",
    GeoSettings: "geocoding",
    settings.CapSettings: "sender",
    SenderSettings: "sender",
}
"""The group of the variables that a class declares, in the order of the page; other classes' come last."""

HEAD: Final = """\
# Configuration

Made by `python -m ops.reference --write` from the settings models; do not edit it by hand.

Every service reads its settings once, when it starts, from environment variables, or from files of the same names in
`/run/secrets` (a variable counts more than a file). An empty variable counts as not set. A service whose settings are
missing or wrong says all that is wrong, one line for each variable, and ends with status 2.

Defaults are those of the services. `make up` and `make demo` set what one machine needs (engines, ports, a small pool);
`make up` also reads the variables of `.env`, see `.env.example`.

| variable | group | read by | default | meaning |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    """What the page says of a variable. One that means different things to different readers has several rows."""

    variable: str
    group: str
    default: str
    meaning: str


def page(readers: Mapping[str, type[settings.Settings]] = READERS) -> str:
    """The whole page."""
    rows: dict[Row, list[str]] = {}
    for reader, kind in readers.items():
        for name, field in kind.model_fields.items():
            group = GROUPS.get(_declared_in(kind, name), "other")
            rows.setdefault(Row(name.upper(), group, _default(field), field.description or ""), []).append(reader)
    first = {row.variable: position for position, row in reversed(list(enumerate(rows)))}
    groups = [*dict.fromkeys(GROUPS.values()), "other"]
    ordered = sorted(rows, key=lambda row: (groups.index(row.group), first[row.variable]))
    return HEAD + "".join(_line(row, rows[row]) for row in ordered)


def _line(row: Row, readers: list[str]) -> str:
    cells = (f"`{row.variable}`", row.group, ", ".join(readers), row.default, row.meaning.replace("|", r"\|"))
    return f"| {' | '.join(cells)} |\n"


def _declared_in(kind: type[settings.Settings], name: str) -> type:
    return next(base for base in kind.__mro__ if name in inspect.get_annotations(base))


def _default(field: FieldInfo) -> str:
    """The default as one would write it into the environment; a secret's is never shown."""
    value = field.default
    if field.is_required():
        return "required"
    if isinstance(value, SecretStr):
        return "hidden" if value.get_secret_value() else "none"
    if value is None or value in ("", frozenset()):
        return "none"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return f"`{value:%H:%M}`" if isinstance(value, time) else f"`{value}`"


def main(*, write: Annotated[bool, typer.Option(help="Replace the page in docs.")] = False) -> None:
    """Print the reference of the environment."""
    if write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        typer.echo(page(), nl=False)


if __name__ == "__main__":
    typer.run(main)
