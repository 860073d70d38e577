"""`make audit`: whether a locked package has a known vulnerability, as pip-audit says, and whether it could say at all.

pip-audit ends well where the package index knows no advisories, as a mirror does: nothing was audited then, and that is
no pass. Exit status: 0 all audited and clean, 1 vulnerable, 2 pip-audit failed, 3 nothing found and not all audited.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from local.folders import PROJECT

LOCK: Final = "requirements.lock"
WORDS: Final = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--requirement", LOCK)
ELSEWHERE: Final = f"pip-audit {' '.join(WORDS)}"
CLEAN, VULNERABLE, FAILED, NOT_AUDITED = 0, 1, 2, 3


class Advisory(msgspec.Struct):
    """A known vulnerability, and the versions that do not have it."""

    id: str
    fix_versions: list[str] = []


class Package(msgspec.Struct):
    """What pip-audit says of a package; of one that it could not look up, why."""

    name: str
    version: str = ""
    vulns: list[Advisory] = []
    skip_reason: str | None = None


class _Report(msgspec.Struct):
    dependencies: list[Package]


@dataclass(frozen=True)
class Verdict:
    """What to say, and the exit status."""

    status: int
    lines: Sequence[str]


def judge(report: bytes, complaints: str) -> Verdict:
    """Judge what pip-audit wrote as JSON, or what it complained of when it wrote none."""
    try:
        packages = msgspec.json.decode(report, type=_Report).dependencies
    except msgspec.MsgspecError:
        return Verdict(FAILED, ["audit: pip-audit failed, nothing was audited. It said:", complaints.strip()])
    skipped = [package for package in packages if package.skip_reason is not None]
    told = f"audit: {len(packages) - len(skipped)} of {len(packages)} packages of {LOCK} were audited"
    if vulnerable := [package for package in packages if package.vulns]:
        return Verdict(VULNERABLE, [*map(_said, vulnerable), f"{told}; raise the versions above, and lock anew"])
    if skipped or not packages:
        names = ", ".join(package.name for package in skipped)
        advice = f"Where the index is pypi.org, run: {ELSEWHERE}"
        return Verdict(NOT_AUDITED, [f"audit: NOT AUDITED: {names or 'there is nothing in the lock'}", told, advice])
    return Verdict(CLEAN, [f"{told}; no known vulnerability"])


def _said(package: Package) -> str:
    advisories = "; ".join(f"{one.id} (mended in {', '.join(one.fix_versions) or 'none yet'})" for one in package.vulns)
    return f"audit: VULNERABLE: {package.name} {package.version}: {advisories}"


def main() -> int:
    """Run pip-audit and say what follows from it."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--format", "json", *WORDS]
    ran = subprocess.run(command, capture_output=True, check=False, cwd=PROJECT)  # noqa: S603 - our own command
    verdict = judge(ran.stdout, ran.stderr.decode(errors="replace"))
    sys.stdout.write("".join(f"{line}\n" for line in verdict.lines))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
