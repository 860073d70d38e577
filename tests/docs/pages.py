"""Reads our Markdown: tables by heading, names in backticks, code."""

import re

from local.folders import PROJECT

DOCS = PROJECT / "docs"
PAGES = sorted([PROJECT / "README.md", PROJECT / "CHANGELOG.md", *DOCS.rglob("*.md")])
SERVICES = ("checkin_worker", "geo_worker", "ingress", "sender", "shared")


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the one table under this heading, without its head."""
    section = re.split(rf"^## {re.escape(heading)}\n", page, flags=re.MULTILINE)[1]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    return rows(section)


def rows(text: str) -> list[list[str]]:
    """The rows of the one table in this text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def quoted(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def code(page: str) -> str:
    """The fenced blocks and the spans in backticks, a line each."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    spans = quoted(re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*fenced, *spans])
