"""Owns how a diagnosis is told: a paragraph a finding for people, in 80 columns, and JSON for programs."""

import textwrap
from collections import Counter
from typing import Any, Final

import orjson

from ops.doctor.checks import Diagnosis
from ops.doctor.findings import Finding, State

WIDTH: Final = 80
CHECK: Final = 13
STATE: Final = 12
"""Columns of the check's name and of how it is."""


def told(diagnosis: Diagnosis) -> str:
    """For people: each finding, what mends it below it, and the sum of all."""
    lines = [_paragraph(name, finding) for name, finding in diagnosis.findings]
    return "\n".join([*lines, "", summary(diagnosis)])


def summary(diagnosis: Diagnosis) -> str:
    """How many of each."""
    numbers = Counter(finding.state for _, finding in diagnosis.findings)
    counted = ", ".join(f"{numbers[state]} {state}" for state in reversed(State) if numbers[state])
    verdict = {0: "Nothing is wrong", 1: "Something is wrong", 2: "The settings are wrong"}[diagnosis.status]
    return f"{verdict}: {counted}."


def as_json(diagnosis: Diagnosis) -> str:
    """For programs: the exit status, and of each finding the check, the state, what it is and what mends it."""
    told: dict[str, Any] = {
        "status": diagnosis.status,
        "findings": [
            {"check": name, "state": one.state, "what": one.what, "mend": one.mend} for name, one in diagnosis.findings
        ],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _paragraph(name: str, finding: Finding) -> str:
    head = f"{name:<{CHECK}}{finding.state:<{STATE}}"
    lines = _wrapped(finding.what, head)
    return f"{lines}\n{_wrapped(finding.mend, ' ' * len(head) + '-> ')}" if finding.mend else lines


def _wrapped(text: str, head: str) -> str:
    """The text behind the head, and its further lines below; words, addresses among them, are never cut."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return textwrap.fill(
        printable,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
