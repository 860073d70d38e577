"""An audit that could not look is no pass, and a vulnerability is told with its remedy; by outputs of pip-audit."""

import re

import pytest

from local.folders import PROJECT
from tests.audit import CLEAN, ELSEWHERE, FAILED, LOCK, NOT_AUDITED, VULNERABLE, judge

# As pip-audit 2.10 wrote them: against an index without advisories, and against pypi.org for old versions.
SKIPPED = b"""{"name": "aiohttp", "skip_reason":
 "Dependency not found on PyPI and could not be audited: aiohttp (3.14.5)"}"""
CLEAR = b'{"name": "h3", "version": "4.5.0", "vulns": []}'
BAD = b"""{"name": "jinja2", "version": "3.1.2", "vulns": [
 {"id": "PYSEC-2024-1", "fix_versions": ["3.1.3", "3.1.4"], "aliases": ["CVE-2024-22195"], "description": "xss"},
 {"id": "GHSA-none-yet", "fix_versions": [], "aliases": [], "description": "..."}]}"""


def report(*packages: bytes) -> bytes:
    return b'{"dependencies": [' + b", ".join(packages) + b'], "fixes": []}'


@pytest.mark.parametrize(
    ("packages", "status"),
    [
        ([CLEAR], CLEAN),
        ([CLEAR, SKIPPED], NOT_AUDITED),
        ([SKIPPED], NOT_AUDITED),
        ([], NOT_AUDITED),
        ([BAD, CLEAR], VULNERABLE),
        ([SKIPPED, BAD], VULNERABLE),
    ],
)
def test_only_what_was_audited_and_is_clear_passes(packages: list[bytes], status: int) -> None:
    assert judge(report(*packages), "").status == status


def test_a_vulnerability_is_told_with_the_versions_that_mend_it() -> None:
    said = judge(report(BAD, SKIPPED), "").lines
    assert said[0] == (
        "audit: VULNERABLE: jinja2 3.1.2: PYSEC-2024-1 (mended in 3.1.3, 3.1.4); GHSA-none-yet (mended in none yet)"
    )
    assert "1 of 2 packages" in said[1]


def test_what_was_not_audited_is_named_with_the_command_to_run_elsewhere() -> None:
    said = "\n".join(judge(report(SKIPPED, CLEAR), "").lines)
    assert "NOT AUDITED: aiohttp\n" in said
    assert "1 of 2 packages" in said
    assert ELSEWHERE in said


@pytest.mark.parametrize("written", [b"", b"Traceback", b"{}", b'{"dependencies": 1}'])
def test_a_pip_audit_that_failed_is_a_failure_with_what_it_said(written: bytes) -> None:
    verdict = judge(written, "ERROR: no such file\n")
    assert verdict.status == FAILED
    assert "ERROR: no such file" in verdict.lines


def test_ci_runs_the_audit_and_lets_only_not_audited_pass() -> None:
    script = (PROJECT / ".ci" / "run").read_text()
    assert re.search(rf"python -m tests\.audit \|\| \[ \$\? -eq {NOT_AUDITED} \]", script)
    assert (PROJECT / LOCK).exists()
