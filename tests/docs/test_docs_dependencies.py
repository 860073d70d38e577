import re
import tomllib

import pytest

from local.folders import PROJECT
from tests.docs.pages import DOCS, quoted, table

PAGE = (DOCS / "dependencies.md").read_text()
LOCKS = ("requirements.lock", "requirements-dev.lock")
LOAD = "tests/load/requirements.lock"
PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text())
DECLARED: dict[str, list[str]] = {
    "Of the services": PROJECT_FILE["project"]["dependencies"],
    "Extra `offline`": PROJECT_FILE["project"]["optional-dependencies"]["offline"],
    "Extra `tracing`": PROJECT_FILE["project"]["optional-dependencies"]["tracing"],
    "Of development": PROJECT_FILE["dependency-groups"]["dev"],
    "Of the load": re.findall(r"^\w\S*", (PROJECT / "tests/load/requirements.in").read_text(), re.MULTILINE),
}


def package(requirement: str) -> str:
    """The package that a line asks for, without version, extras and marker."""
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0]


def normal(name: str) -> str:
    """A name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, list[str]]:
    """Each pinned line of a lock, marker included, with its hashes."""
    entries = (PROJECT / lock).read_text().replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, entries.splitlines())):
        if not line.startswith("#"):
            pin, *hashes = re.split(r"\s+--hash=", line)
            found[pin] = hashes
    return found


@pytest.mark.parametrize("heading", DECLARED)
def test_each_dependency_has_its_line(heading: str) -> None:
    told = [quoted(row[0])[0] for row in table(PAGE, heading)]
    assert told == [package(line) for line in DECLARED[heading]]


@pytest.mark.parametrize("heading", DECLARED)
def test_each_line_says_what_for_and_why(heading: str) -> None:
    assert [row for row in table(PAGE, heading) if not all(row)] == []


def test_every_extra_and_group_has_its_table() -> None:
    assert set(PROJECT_FILE["project"]["optional-dependencies"]) == {"offline", "tracing"}
    assert set(PROJECT_FILE["dependency-groups"]) == {"dev"}


@pytest.mark.parametrize("lock", [*LOCKS, LOAD])
def test_every_pinned_line_is_exact_and_has_hashes(lock: str) -> None:
    found = pins(lock)
    assert found
    for pin, hashes in found.items():
        assert re.match(r"[a-z0-9-]+==[\w.!+]+( ;|$)", pin)
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), pin


def test_what_both_locks_have_is_the_same_in_both() -> None:
    runtime, development = map(pins, LOCKS)
    assert {pin: hashes for pin, hashes in runtime.items() if development.get(pin) != hashes} == {}
    names = {package(pin) for pin in runtime}
    assert {pin for pin in development if package(pin) in names} == set(runtime)


def test_what_posts_a_load_is_of_the_versions_that_all_else_has() -> None:
    load, development = (dict(pin.split(" ")[0].split("==") for pin in pins(lock)) for lock in (LOAD, LOCKS[1]))
    assert {name: version for name, version in load.items() if development.get(name, version) != version} == {}


def test_every_dependency_is_locked() -> None:
    runtime, development, load = ({package(pin) for pin in pins(lock)} for lock in (*LOCKS, LOAD))
    for heading, requirements in DECLARED.items():
        locked = {"Of development": development, "Of the load": load}.get(heading, runtime)
        assert {normal(package(line)) for line in requirements} <= locked
