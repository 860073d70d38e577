"""The image: what is in it, who it runs as, and that what it installs is locked."""

import re
import tomllib

from local.folders import PROJECT

DOCKERFILE = (PROJECT / "deploy" / "docker" / "Dockerfile").read_text()
PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text())
NOT_IN_PRODUCTION = {"local", "simulator"}


def stage(name: str) -> str:
    """The lines of one stage."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def locked(path: str) -> dict[str, str]:
    """The pins of a lock, each with its hashes."""
    text = (PROJECT / path).read_text().replace("\\\n", " ")
    return dict(line.split(" ", 1) for line in filter(None, map(str.strip, text.splitlines())))


def test_the_last_stage_is_productions() -> None:
    assert re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)[-1] == "fleet"


def test_it_has_every_package_but_the_simulator_and_the_one_machine() -> None:
    packages = set(PROJECT_FILE["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = {one for one in packages if re.search(rf"^COPY {one} {one}$", stage("build"), re.MULTILINE)}
    assert copied == packages - NOT_IN_PRODUCTION
    assert "simulator" not in stage("fleet") + stage("runtime")
    assert re.findall(r"COPY --from=build (\S+)", stage("fleet")) == ["/opt/fleet"]
    assert "COPY --from=build /opt/demo " in stage("demo")


def test_the_context_has_what_is_copied_and_no_secret() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        source
        for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in words.split()
    }
    assert allowed == copied
    assert all((PROJECT / source).exists() for source in copied)


def test_everything_is_installed_by_hash_and_nothing_is_compiled() -> None:
    commands = re.split(r"&&|^\w+ ", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)
    installs = [command for command in commands if " install " in command]
    assert len(installs) == 3
    for words in installs:
        assert ("--require-hashes" in words and "--only-binary :all:" in words) or "--no-deps /opt/wheel/" in words


def test_what_builds_the_wheel_is_what_developers_have() -> None:
    build, development = locked("deploy/docker/requirements-build.lock"), locked("requirements-dev.lock")
    assert any(pin.startswith("hatchling==") for pin in build)
    assert {pin: hashes for pin, hashes in build.items() if development.get(pin) != hashes} == {}


def test_it_runs_as_a_number_that_is_not_roots_and_needs_no_shell() -> None:
    assert "USER 10001:10001" in stage("runtime")
    assert "USER" not in stage("fleet") + stage("demo")
    assert re.search(r'^CMD \["', stage("runtime"), re.MULTILINE)
    assert "HEALTHCHECK" not in re.sub(r"^#.*$", "", DOCKERFILE, flags=re.MULTILINE)


def test_the_version_is_the_projects() -> None:
    version = PROJECT_FILE["project"]["version"]
    assert f"ARG VERSION={version}\n" in DOCKERFILE
    for image in ("checkin-fleet", "checkin-fleet-demo"):
        assert f" {image}:{version}\n" in (PROJECT / "docker-compose.yml").read_text()
    tags = re.findall(
        r"name: checkin-fleet\n(?: +newName: .*\n)? +newTag: (\S+)",
        "".join(file.read_text() for file in (PROJECT / "deploy" / "k8s").rglob("kustomization.yaml")),
    )
    assert tags
    assert set(tags) == {version}


def test_the_python_is_one_that_the_project_supports() -> None:
    [version] = re.findall(r"^ARG PYTHON_IMAGE=python:(3\.\d+)\.\d+-", DOCKERFILE, re.MULTILINE)
    assert PROJECT_FILE["project"]["requires-python"] == ">=3.11,<3.14"
    assert (3, 11) <= tuple(map(int, version.split("."))) < (3, 14)
