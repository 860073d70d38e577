"""The Secrets that docs/deploy.md has readers make: its own commands, with a kubectl that only writes down."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.manifests import K8S, OVERLAYS, needs_kubectl, of_kind, ours
from tests.deploy.overlays import PAGE, copied
from tests.deploy.test_deploy_docs import BASH, SHELL

[PRODUCTION] = [folder for folder in OVERLAYS if folder.name == "production"]
[IN_CLUSTER, ELSEWHERE] = [block for block in SHELL if block.startswith("secret()")]
ANSWERS = """#!/bin/sh
case "$1 $2" in
    "create secret") shift 3; printf 'make %s\\n' "$*" >>"$ASKED" ;;
    "label --overwrite") printf 'reload %s\\n' "$4" >>"$ASKED" ;;
    "get secret") [ -n "$BROKER" ] && echo dXNlcg== ;;
esac
"""
REMEMBERS = """#!/bin/sh
case "$1 $2" in
    "get secret") base64 --wrap 0 <"$STORE/$3" ;;
    "patch secret") printf '%s' "$7" | cut -d '"' -f 6 | tr -d '\\n' >"$STORE/$3" ;;
esac
"""
Made = dict[str, dict[str, str]]


def said(folder: Path, kubectl: str, block: str, **environment: str) -> int:
    """Say a block of the page in a shell that has this kubectl; returns its status."""
    (folder / "kubectl").write_text(kubectl)
    (folder / "kubectl").chmod(0o755)
    given = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    return subprocess.run([BASH, "-c", block], env=given, capture_output=True, check=False).returncode  # noqa: S603 - our own page


def made_by(folder: Path, block: str) -> Made:
    """The Secrets that a block makes, and what is in each; `reload` where that label is given."""
    asked = folder / "asked"
    assert said(folder, ANSWERS, block, ASKED=str(asked), BROKER="there") == 0
    made: Made = {}
    for line in asked.read_text().splitlines():
        verb, name, *words = shlex.split(line)
        pairs = [word.removeprefix("--from-literal=") for word in words if word.startswith("--from-literal=")]
        made.setdefault(name, {}).update(dict(pair.split("=", 1) for pair in pairs))
        if verb == "reload":
            made[name]["reload"] = "true"
    return made


@pytest.fixture
def secrets_made(tmp_path: Path) -> Made:
    """Those of engines in the cluster."""
    return made_by(tmp_path, IN_CLUSTER)


def assert_mounted(overlay: Path, made: Made) -> None:
    """Fail unless pods find, key by key, what they mount, and KEDA what it asks with."""
    for template in ours(overlay).values():
        for volume in template["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                secret = source["secret"]
                if secret.get("optional") and secret["name"] == "fleet-geocoder":
                    continue  # Photon, the geocoder of that overlay, wants no key
                keys = {item["key"] for item in secret["items"]} - {"TELEGRAM_WEBHOOK_SECRET_PREVIOUS"}
                assert keys <= set(made[secret["name"]]), secret["name"]
    authentication = of_kind(overlay, "TriggerAuthentication")["rabbitmq-management"]["spec"]
    for target in authentication["secretTargetRef"]:
        assert target["key"] in made[target["name"]]


@needs_kubectl
def test_the_page_makes_the_secrets_that_pods_mount_key_by_key(secrets_made: Made) -> None:
    assert_mounted(PRODUCTION, secrets_made)


def test_without_the_brokers_own_secret_none_is_made(tmp_path: Path) -> None:
    assert said(tmp_path, ANSWERS, IN_CLUSTER, ASKED=str(tmp_path / "asked"), BROKER="") != 0
    assert not (tmp_path / "asked").exists()


@needs_kubectl
def test_with_engines_elsewhere_the_page_makes_those_that_pods_mount_and_no_other(tmp_path: Path) -> None:
    overlay = copied(tmp_path / "mine", ["managed-engines"], without=["postgres", "rabbitmq", "redis"])
    made = made_by(tmp_path, ELSEWHERE)
    assert_mounted(overlay, made)
    unused = set(of_kind(overlay, "ExternalSecret")) - set(made)
    assert unused == {"postgres-fleet", "fleet-postgres-reader", "redis-password"}
    assert all(f"`{name}`" in PAGE for name in unused)


def test_the_page_names_the_ports_that_are_open_to_engines_elsewhere() -> None:
    [policy] = yaml.safe_load_all((K8S / "components" / "managed-engines" / "policy.yaml").read_text())
    ports = [str(one["port"]) for one in policy["spec"]["egress"][0]["ports"]]
    assert f"{', '.join(ports[:-1])} and {ports[-1]}" in PAGE
    told = re.findall(r":(\d+)[/']", ELSEWHERE)
    assert len(told) > 4
    assert set(told) <= set(ports)


def test_addresses_lead_to_what_was_restored_however_often_it_is_said(tmp_path: Path) -> None:
    [loop] = re.findall(r"^ *for address in .*?^ *done$", PAGE, re.MULTILINE | re.DOTALL)
    store = tmp_path / "store"
    store.mkdir()
    of_readers = "postgresql://replica_reader:x@postgres-{}:5432/fleet"
    of_the_owner = "postgresql://fleet:x@postgres-{}:5432/fleet"
    addresses = {
        "fleet-postgres-worker": (of_readers, "ro"),
        "fleet-postgres-ops": (of_readers, "ro"),
        "fleet-postgres-owner": (of_the_owner, "rw"),
    }
    for secret, (address, kind) in addresses.items():
        (store / secret).write_text(address.format(kind))
    for _ in range(2):
        assert said(tmp_path, REMEMBERS, loop, STORE=str(store)) == 0
        for secret, (address, kind) in addresses.items():
            assert (store / secret).read_text() == address.format(f"restored-{kind}")


@needs_kubectl
def test_the_page_makes_the_secrets_that_engines_and_operators_want(secrets_made: Made) -> None:
    cluster = of_kind(PRODUCTION, "Cluster")["postgres"]["spec"]
    logins = {cluster["bootstrap"]["initdb"]["secret"]["name"]: cluster["bootstrap"]["initdb"]["owner"]}
    managed = [role for role in cluster["managed"]["roles"] if role.get("login")]
    logins |= {role["passwordSecret"]["name"]: role["name"] for role in managed}
    assert {name: secrets_made[name]["username"] for name in logins} == logins
    assert {name for name, has in secrets_made.items() if "reload" in has} == set(logins)
    assert "password" in secrets_made["redis-password"]
    assert set(secrets_made) == set(of_kind(PRODUCTION, "ExternalSecret"))


def test_addresses_that_the_page_makes_have_the_passwords_of_their_logins(
    secrets_made: Made,
) -> None:
    passwords = {has["username"]: has["password"] for has in secrets_made.values() if "username" in has}
    seen = set()
    for has in secrets_made.values():
        for key in ("DATABASE_URL", "DATABASE_REPLICA_URLS"):
            if key in has:
                address = urlsplit(has[key])
                assert address.password == passwords[str(address.username)]
                seen.add(address.username)
    assert seen == set(passwords)
    assert urlsplit(secrets_made["fleet-redis"]["REDIS_URL"]).password == secrets_made["redis-password"]["password"]


@needs_kubectl
def test_passwords_of_postgresql_that_come_from_a_vault_are_set_at_once() -> None:
    for name, one in of_kind(PRODUCTION, "ExternalSecret").items():
        template = one["spec"].get("target", {}).get("template", {})
        labels = template.get("metadata", {}).get("labels", {})
        login = name.startswith(("fleet-postgres", "postgres-")) and name != "fleet-postgres-owner"
        assert (labels == {"cnpg.io/reload": "true"}) == login, name
        assert (template.get("type") == "kubernetes.io/basic-auth") == login, name
