"""Platforms with process types, as docs/deploy.md has them; its commands with programs that only write down."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from local.folders import PROJECT
from shared.settings import RedisUrl
from tests.deploy.overlays import PAGE
from tests.deploy.test_deploy_docs import BASH, SHELL, timetable
from tests.docs.pages import quoted, table

[HEROKU] = [block for block in SHELL if "heroku container:release" in block]
WRITES_DOWN = """#!/bin/sh
printf '%s\\n' "${0##*/} $*" >>"$ASKED"
case "$*" in *" -") cat >"$ASKED.$(basename "$6")" ;; esac
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """What the block for Heroku said to Docker and to Heroku; beside it the Dockerfile of each process type."""
    for program in ("docker", "heroku"):
        (tmp_path / program).write_text(WRITES_DOWN)
        (tmp_path / program).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(tmp_path / "asked")}
    subprocess.run([BASH, "-euo", "pipefail", "-c", HEROKU], env=environment, check=True)  # noqa: S603 - our own page
    return tmp_path / "asked"


def test_heroku_is_given_an_image_of_each_process_type_with_its_command(asked: Path) -> None:
    types = {
        (quoted(kind) or [kind])[0].removesuffix(" phase"): quoted(command)[0]
        for kind, command, _ in table(PAGE, "Platforms with process types")
    }
    assert set(types) == {"release", "web", "worker", "geo", "sender"}
    told = asked.read_text().splitlines()
    for kind, command in types.items():
        first, says = (asked.parent / f"asked.{kind}").read_text().splitlines()
        assert first == "FROM checkin-fleet:0.1.0"
        assert says == f"CMD exec {'env HTTP_PORT=$PORT ' if kind == 'web' else ''}{command}"
        assert f"docker push registry.heroku.com/your-app/{kind}" in told
        if command.startswith("python"):
            assert importlib.util.find_spec(f"{command.rpartition(' ')[2]}.__main__")
    assert f"heroku container:release --app your-app {' '.join(types)}" in told


def test_the_image_is_built_from_the_whole_repository(asked: Path) -> None:
    """Heroku would take the Dockerfile's folder, where nothing is that it copies."""
    [build] = [line for line in asked.read_text().splitlines() if "--platform" in line and line.endswith(" .")]
    [dockerfile] = re.findall(r" -f (\S+) ", build)
    assert (PROJECT / dockerfile).exists()
    assert f"RAILWAY_DOCKERFILE_PATH={dockerfile}`" in PAGE


def test_their_scheduler_runs_the_timetable() -> None:
    [listed] = re.findall(r"Their scheduler runs (.*?), at the hours of", PAGE, re.DOTALL)
    assert set(quoted(listed)) == {command for _, command in timetable()}


def test_redis_with_a_certificate_of_its_own_is_accepted() -> None:
    [parameter] = re.findall(r"`(\?ssl_cert_reqs=\w+)`", PAGE)
    TypeAdapter(RedisUrl).validate_python(f"rediss://:secret@redis.example.com:6379/0{parameter}")
