"""Owns what a rule is, and how one is written: YAML that people can read too."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Final, Literal

RUNBOOKS: Final = "docs/runbooks"
"""Where the pages are, in this repository: whoever passes alerts on puts its address before it."""

Severity = Literal["page", "ticket"]
"""page: people feel it or soon will, somebody gets up. ticket: within a working day."""


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule: the expression's value under a name of its own.

    Attributes:
        name: level:metric:operations, as https://prometheus.io/docs/practices/rules/ has it.
        expr: PromQL.
        objective: what of it is told, as a label.
    """

    name: str
    expr: str
    objective: str

    def lines(self) -> Iterator[str]:
        """The rule in YAML, as an entry of a group."""
        yield f"- record: {self.name}"
        yield from _block("expr", self.expr)
        yield f"  labels: {{objective: {self.objective}}}"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    Attributes:
        name: also its page's, docs/runbooks/<name>.md.
        severity: who hears of it.
        expr: PromQL; not empty while something is wrong.
        lasts: for how long before anybody is told, such as `2m`; "0s" where the expression itself looks back.
        summary: one line, for a telephone's screen.
        description: what is wrong, with the value.
    """

    name: str
    severity: Severity
    expr: str
    lasts: str
    summary: str
    description: str

    def lines(self) -> Iterator[str]:
        """The rule in YAML, as an entry of a group."""
        yield f"- alert: {self.name}"
        yield from _block("expr", self.expr)
        yield f"  for: {self.lasts}"
        yield f"  labels: {{severity: {self.severity}}}"
        yield "  annotations:"
        yield f"    summary: {json.dumps(self.summary, ensure_ascii=False)}"
        yield f"    description: {json.dumps(self.description, ensure_ascii=False)}"
        yield f"    runbook_url: {RUNBOOKS}/{self.name}.md"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that Prometheus evaluates one after the other."""

    name: str
    rules: Sequence[Record | Alert]


def written(groups: Sequence[Group]) -> str:
    """The groups in YAML, as a Prometheus rule file has them."""
    lines = ["groups:"]
    for group in groups:
        lines += [f"  - name: {group.name}", "    rules:"]
        lines += [f"      {line}" for rule in group.rules for line in rule.lines()]
    return "\n".join(lines) + "\n"


def _block(name: str, text: str) -> Iterator[str]:
    """A field of several lines, as they are."""
    yield f"  {name}: |-"
    yield from indent(dedent(text).strip(), "    ").splitlines()
