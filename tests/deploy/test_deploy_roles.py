"""Who may do what in the database: each process connects as a member of its own role, `migrate` alone as the owner."""

import base64
import re
from pathlib import Path

import pytest
import yaml

from local.folders import PROJECT
from ops.roles import GEO, OPS, READER, ROLES, WORKER
from tests.deploy.manifests import K8S, OVERLAYS, Object, needs_kubectl, of_kind, ours

[KIND] = [folder for folder in OVERLAYS if folder.name == "kind"]
[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
OWNER = "fleet"
OWN = {"checkin-worker": WORKER, "geo-worker": GEO, "migrate": OWNER}
"""The role of whoever uses the database; all others are the operator's."""


def mounted(template: Object, variable: str) -> set[str]:
    """The Secrets from which a pod has this file."""
    [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "secrets"]
    return {
        source["secret"]["name"]
        for source in volume["projected"]["sources"]
        if variable in {item["key"] for item in source["secret"]["items"]}
    }


def login(url: str) -> str:
    [name] = re.findall(r"^postgresql://(\w+):", url)
    return str(name)


def members(sql: Path) -> dict[str, str]:
    """Each login that a script makes, and its role."""
    text = sql.read_text()
    made = re.findall(r"CREATE ROLE (\w+) LOGIN .* IN ROLE (\w+);", text)
    return dict(made or [(name, role) for role, name in re.findall(r"GRANT (fleet_\w+) TO (\w+);", text)])


@needs_kubectl
def test_cloudnativepg_makes_every_role_and_then_its_member_with_a_password_of_its_own() -> None:
    roles = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]["managed"]["roles"]
    assert {one["name"] for one in roles[: len(ROLES)]} == set(ROLES)
    assert all("login" not in one for one in roles[: len(ROLES)])
    logins = {one["name"]: one for one in roles[len(ROLES) :]}
    assert all(one["login"] for one in logins.values())
    assert sorted(one["inRoles"] for one in logins.values()) == [[role] for role in sorted(ROLES)]
    assert len({one["passwordSecret"]["name"] for one in logins.values()}) == len(logins)


@needs_kubectl
def test_in_production_a_pods_address_is_in_the_secret_of_its_own_login() -> None:
    roles = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]["managed"]["roles"]
    role_of = {one["passwordSecret"]["name"]: one["inRoles"][0] for one in roles if one.get("login")}
    for workload, template in ours(PRODUCTION).items():
        for secret in mounted(template, "DATABASE_URL"):
            assert role_of.get(secret, OWNER) == OWN.get(workload, OPS), workload


@needs_kubectl
def test_on_the_laptop_too_each_connects_as_itself() -> None:
    role_of = {**members(K8S / "components" / "engines-small" / "logins.sql"), OWNER: OWNER}
    address = {
        name: base64.b64decode(one["data"]["DATABASE_URL"]).decode()
        for name, one in of_kind(KIND, "Secret").items()
        if "DATABASE_URL" in one["data"]
    }
    for workload, template in ours(KIND).items():
        for secret in mounted(template, "DATABASE_URL"):
            assert role_of[login(address[secret])] == OWN.get(workload, OPS), workload


def test_in_compose_too_each_connects_as_itself_and_replicas_are_read_by_the_reader() -> None:
    role_of = {**members(PROJECT / "deploy" / "docker" / "postgres" / "logins.sh"), OWNER: OWNER}
    asked = 0
    for name, service in COMPOSE.items():
        said = service.get("environment", {})
        if "DATABASE_URL" in said:
            asked += 1
            assert role_of[login(said["DATABASE_URL"])] == OWN.get(name, OPS), name
        if "DATABASE_REPLICA_URLS" in said:
            assert role_of[login(said["DATABASE_REPLICA_URLS"])] == READER, name
    assert asked == 5


@needs_kubectl
@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_the_job_is_done_only_when_the_roles_have_their_rights(folder: Path) -> None:
    job = ours(folder)["migrate"]["spec"]
    words = [" ".join(container["command"]) for container in (*job["initContainers"], *job["containers"])]
    budget = words.pop(1)
    assert budget.startswith("fleet doctor --only pool "), "after the migration, which waits for PostgreSQL"
    assert words == ["fleet migrate --within 600", "fleet roles --write"]
