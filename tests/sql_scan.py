"""Which tables a package's SQL touches, and how: read from the texts of its statements."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_SAID = re.compile(
    r"(?P<insert>INSERT INTO (?P<into>\w+))|(?P<delete>DELETE FROM (?P<gone>\w+))"
    r"|(?<!ON )(?<!DO )(?<!FOR )(?<!KEY )UPDATE (?P<changed>\w+)"
    r"|(?P<conflict>ON CONFLICT(?: \([^)]*\))? DO UPDATE)|(?P<lock>FOR (?:UPDATE|KEY SHARE)(?: OF (?P<of>\w+))?)"
    r"|(?:FROM|JOIN|USING) (?P<read>\w+(?: (?:AS )?\w+)?(?:, \w+(?: \w+)?)*)"
)


def touched(package: str, tables: frozenset[str], without: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """(table, privilege) of every statement in the package, its modules in `without` left out."""
    return {pair for text in _texts(package, without) for pair in _touches(text, tables)}


def _touches(text: str, tables: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What one text needs; conditions, RETURNING and conflicts read what a statement writes."""
    into, read = "", list[tuple[str, str]]()
    for said in _SAID.finditer(_COMMENT.sub("", text)):
        if said["into"]:
            into = said["into"]
            pairs = [(into, "INSERT")]
            if re.search(r"RETURNING|ON CONFLICT \(", text):
                pairs.append((into, "SELECT"))
        elif said["gone"]:
            pairs = [(said["gone"], "DELETE"), (said["gone"], "SELECT")]
        elif said["changed"]:
            pairs = [(said["changed"], "UPDATE"), (said["changed"], "SELECT")]
        elif said["conflict"]:
            pairs = [(into, "UPDATE"), (into, "SELECT")]
        elif said["lock"]:
            locked = [table for table, alias in read if alias == said["of"]] or [table for table, _ in read[-1:]]
            pairs = [(table, "UPDATE") for table in locked]
        else:
            named = [(name.split()[0], name.split()[-1]) for name in said["read"].split(", ")]
            read += [(table, alias) for table, alias in named if table in tables]
            pairs = [(table, "SELECT") for table, _ in named]
        yield from ((table, privilege) for table, privilege in pairs if table in tables)


def _texts(package: str, without: tuple[str, ...]) -> Iterator[str]:
    """Statements: of each module's constants their values, and what stands in its functions as it is."""
    for module in _modules(package, without):
        for value in vars(module).values():
            yield from _strings(value)
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))


def _modules(package: str, without: tuple[str, ...]) -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__") and not module.name.startswith(without):
            yield importlib.import_module(module.name)
