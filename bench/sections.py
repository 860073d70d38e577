"""Owns how a command writes its own section of a page, and leaves the others as they are."""

import re
from pathlib import Path


def put(page: Path, heading: str, body: str) -> None:
    """Write what stands below `## heading` anew; where there is no such heading, it becomes the last one."""
    text, section = page.read_text(encoding="utf-8"), f"## {heading}\n\n{body.strip()}\n"
    found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        text = f"{text.rstrip()}\n\n{section}"
    else:
        after = text[found.end() :]
        text = text[: found.start()] + section + (f"\n{after}" if after else "")
    page.write_text(text, encoding="utf-8")
