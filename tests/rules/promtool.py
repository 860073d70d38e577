"""Runs promtool's unit tests on our rules: series in, the alerts that fire out."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.binaries import promtool
from ops.rules.__main__ import PLAIN

FIRING = 'max by (alertname, severity) (ALERTS{alertstate="firing"})'
"""What fires, each alert once, whatever else its labels say."""


def firing(eval_time: str, alerts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The claim that at this time these alerts are firing, by name and severity, and no other."""
    samples = [
        {"labels": f'{{alertname="{name}", severity="{severity}"}}', "value": 1} for name, severity in sorted(alerts)
    ]
    return {"expr": FIRING, "eval_time": eval_time, "exp_samples": samples}


def group(name: str, interval: str, series: Mapping[str, str], claims: list[dict[str, Any]]) -> dict[str, Any]:
    """One test of promtool's; series are in its own notation."""
    return {
        "name": name,
        "interval": interval,
        "input_series": [{"series": selector, "values": values} for selector, values in series.items()],
        "promql_expr_test": claims,
    }


def judged(folder: Path, test: dict[str, Any]) -> str:
    """What promtool has against this; empty when it holds. Rules are evaluated once for each sample."""
    file = folder / "tests.yml"
    told = {"rule_files": [str(PLAIN)], "evaluation_interval": test["interval"], "tests": [test]}
    file.write_text(yaml.safe_dump(told))
    command = [promtool(), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    return done.stdout + done.stderr if done.returncode else ""


def checked(*words: str) -> str:
    """What `promtool check ...` complains of; empty when it does not."""
    done = subprocess.run([promtool(), "check", *words], capture_output=True, text=True, check=False)  # noqa: S603 - as above
    return done.stdout + done.stderr if done.returncode else ""
