"""Owns what the runbooks tell of the suite: by which faults their alert was seen firing, and when. Pure but for files.

Under its last heading each page has a line for each fault that raises its alert; whatever follows is people's own.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from local.folders import PROJECT
from ops.rules.rule import RUNBOOKS
from tests.alerts.fault import Fault
from tests.alerts.trial import Seen

HEADING: Final = "## How it was seen firing\n\n"
_LINE: Final = re.compile(r"^- `make alerts ONLY=([\w-]+)`: .*\n(?:  .*\n)*", re.MULTILINE)


def runbook(alert: str) -> Path:
    """An alert's page."""
    return PROJECT / RUNBOOKS / f"{alert}.md"


def named(page: str) -> list[str]:
    """The faults that a page says its alert was seen firing by."""
    return _LINE.findall(page)


def write(seen: Seen, faults: Sequence[Fault], day: date) -> None:
    """Write what went as it should into the pages of the alerts that the fault was to raise."""
    for alert in seen.fault.raises | seen.fault.leaves:
        path = runbook(alert)
        path.write_text(told(path.read_text(), _line(seen, alert, day), faults))


def told(page: str, line: str, faults: Sequence[Fault]) -> str:
    """The page with this line in the place of the same fault's; all of them in the order of the faults."""
    head, tail = page.split(HEADING)
    lines = {found[1]: found[0] for found in (*_LINE.finditer(tail), *_LINE.finditer(line))}
    ordered = [lines[fault.name] for fault in faults if fault.name in lines]
    rest = _LINE.sub("", tail).lstrip("\n")
    return head + HEADING + "".join(ordered) + ("\n" if rest else "") + rest


def _line(seen: Seen, alert: str, day: date) -> str:
    fault = seen.fault
    seconds = min(after for (name, _), after in seen.fired.items() if name == alert)
    return (
        f"- `make alerts ONLY={fault.name}`: {fault.what}.\n"
        f"  It fired {seconds:.0f} s later, in rules {fault.factor} times shorter ({day}).\n"
    )
