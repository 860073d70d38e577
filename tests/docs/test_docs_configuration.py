import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Annotated

import pytest
from pydantic import Field, SecretStr, TypeAdapter

from local.folders import PROJECT
from ops import reference
from shared.settings import Settings
from tests.docs.pages import SERVICES, quoted, rows


def documented() -> set[str]:
    return {quoted(row[0])[0] for row in rows(reference.PAGE.read_text())}


def kinds(kind: type[Settings] = Settings) -> Iterator[type[Settings]]:
    """Every settings class of the project that is imported, tests' own left out."""
    for child in kind.__subclasses__():
        if child.__module__.partition(".")[0] in {*SERVICES, "ops"}:
            yield child
        yield from kinds(child)


def variables(kind: type[Settings]) -> set[str]:
    return {name.upper() for name in kind.model_fields}


def import_everything() -> None:
    for name in (*SERVICES, "ops"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)


def test_the_page_is_what_the_command_prints() -> None:
    command = (sys.executable, "-m", "ops.reference")
    printed = subprocess.run(command, capture_output=True, check=True, cwd=PROJECT).stdout.decode()  # noqa: S603 - our own command
    assert reference.PAGE.read_text() == printed, "the settings have changed: run python -m ops.reference --write"


def test_no_settings_class_reads_a_variable_that_the_page_does_not_have() -> None:
    import_everything()
    assert documented() == set[str]().union(*(variables(kind) for kind in kinds()))


def test_the_page_names_every_reader_of_a_variable() -> None:
    told: dict[str, set[str]] = {}
    for name, _group, readers, *_rest in rows(reference.PAGE.read_text()):
        told.setdefault(quoted(name)[0], set()).update(readers.split(", "))
    for reader, kind in reference.READERS.items():
        assert {name for name, readers in told.items() if reader in readers} == variables(kind)


def test_every_settings_class_that_a_service_composes_is_a_reader() -> None:
    import_everything()
    services = {kind for kind in kinds() if kind.__module__.endswith(".settings") and "shared" not in kind.__module__}
    assert services <= set(reference.READERS.values())


def test_every_variable_says_what_it_means() -> None:
    assert [row for row in rows(reference.PAGE.read_text()) if not row[-1]] == []


def test_a_group_stands_together() -> None:
    groups = [row[1] for row in rows(reference.PAGE.read_text())]
    assert groups == sorted(groups, key=groups.index)
    assert "other" not in groups, "name the group of a settings class in ops.reference.GROUPS"


class Odd(Settings):
    """Settings that no service has."""

    password: SecretStr = Field(SecretStr("hunter2"), description="a secret")
    shape: str = Field("round", description="`round` | `square`")


def test_the_default_of_a_secret_is_never_shown() -> None:
    assert "hunter2" not in reference.page({"nobody": Odd})
    assert [row[3] for row in rows(reference.page({"nobody": Odd}))] == ["hidden", "`round`"]


def test_a_bar_in_a_meaning_does_not_break_the_table() -> None:
    assert rows(reference.page({"nobody": Odd}))[1][-1] == r"`round` \| `square`"


def test_every_variable_of_env_example_is_read_by_somebody() -> None:
    text = (PROJECT / ".env.example").read_text()
    explained = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    assert explained <= documented()


@pytest.mark.parametrize(
    ("name", "value"), re.findall(r"^#([A-Z_]+)=(.+)$", (PROJECT / ".env.example").read_text(), re.MULTILINE)
)
def test_what_env_example_writes_is_accepted(name: str, value: str) -> None:
    for kind in reference.READERS.values():
        if field := kind.model_fields.get(name.lower()):
            TypeAdapter(Annotated[field.annotation, field]).validate_python(value)
