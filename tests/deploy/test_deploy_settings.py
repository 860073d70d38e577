"""Manifests and settings name the same variables, and a process gets what it reads, and no secret more."""

import importlib.util
import re
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import SecretStr, TypeAdapter

from local.folders import PROJECT
from ops import reference
from shared.settings import Settings
from tests.deploy.manifests import BASE, OVERLAYS, Object, needs_kubectl, ours, secret_files, settings_of

READ_BY = {
    "python -m ingress": "ingress",
    "python -m checkin_worker": "checkin_worker",
    "python -m geo_worker": "geo_worker",
    "python -m sender": "sender",
    "fleet roles --write": "fleet roles",
    "fleet remind checkin": "fleet remind",
    "fleet remind checkout": "fleet remind",
    "fleet retain": "fleet retain",
    "fleet geocode backfill": "fleet geocode",
    "fleet webhook apply": "fleet webhook",
    "fleet menu": "fleet webhook",
    "fleet close-day": "fleet (the rest)",
}
"""What a pod runs, and under which name `ops.reference` has what that reads."""
NOT_SET = {
    "RABBITMQ_MANAGEMENT_URL": "fleet doctor asks at port 15672 of RabbitMQ's host, where all of ours have it",
}
"""Variables that no manifest and no compose file sets, each with the reason."""

VARIABLES = {name.upper() for kind in reference.READERS.values() for name in kind.model_fields}
EVERY = [BASE, *OVERLAYS]


def name(folder: Path) -> str:
    return folder.name


def fields_of(workload: str, template: Object) -> set[str]:
    """The variables that a pod reads; at the desk people run all of `fleet`."""
    kinds = [kind for reader, kind in reference.READERS.items() if reader.startswith("fleet")]
    return {
        variable.upper()
        for kind in (kinds if workload == "desk" else [kind_of(template)])
        for variable in kind.model_fields
    }


def kind_of(template: Object) -> type[Settings]:
    """The settings that a pod's command reads."""
    words = " ".join(template["spec"]["containers"][0]["command"])
    return reference.READERS[READ_BY[words]]


def is_secret(kind: type[Settings], variable: str) -> bool:
    return "SecretStr" in str(kind.model_fields[variable].annotation)


def secrets() -> set[str]:
    return {
        variable.upper()
        for kind in reference.READERS.values()
        for variable in kind.model_fields
        if is_secret(kind, variable)
    }


@needs_kubectl
@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_every_variable_of_the_manifests_is_read_by_somebody(folder: Path) -> None:
    assert set(settings_of(folder)) <= VARIABLES
    for template in ours(folder).values():
        assert set(secret_files(template)) <= VARIABLES


def test_every_variable_that_somebody_reads_is_in_the_manifests() -> None:
    plain = set(re.findall(r"^([A-Z_]+)=", (BASE / "settings.env").read_text(), re.MULTILINE))
    said = plain | {key for file in BASE.rglob("*.yaml") for key in re.findall(r"key: ([A-Z_]+)", file.read_text())}
    assert said >= VARIABLES - set(NOT_SET), "name it in deploy/k8s/base/settings.env, or in NOT_SET with the reason"
    assert plain & secrets() == set()


@needs_kubectl
@pytest.mark.parametrize("folder", EVERY, ids=name)
def test_a_process_gets_the_secrets_that_it_reads_and_no_other(folder: Path) -> None:
    polls = settings_of(folder)["INGRESS_MODE"] == "polling"
    for workload, template in ours(folder).items():
        files = secret_files(template)
        assert set(files) <= fields_of(workload, template) & secrets(), workload
        if workload == "desk":
            assert set(files) == fields_of(workload, template) & secrets()
            continue
        kind = kind_of(template)
        required = {variable.upper() for variable in kind.model_fields if kind.model_fields[variable].is_required()}
        if workload == "ingress":
            required |= {"TELEGRAM_BOT_TOKEN"} if polls else {"TELEGRAM_WEBHOOK_SECRET"}
            assert ("TELEGRAM_BOT_TOKEN" in files) == polls, "only who polls needs the token"
        if workload == "menu":
            required -= {"TELEGRAM_WEBHOOK_SECRET"}  # it reads TelegramSettings, of which WebhookSettings are more
        assert required & secrets() <= {file for file, optional in files.items() if not optional}, workload


@needs_kubectl
@pytest.mark.parametrize("folder", OVERLAYS, ids=name)
def test_each_service_starts_with_its_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is refused when a service starts would be refused here: settings that do not go together."""
    given = {variable: value for variable, value in settings_of(folder).items() if value}
    examples = {
        "RABBITMQ_URL": "amqp://fleet:x@rabbitmq:5672/",
        "DATABASE_URL": "postgresql://checkin_worker:x@postgres-pooler:5432/fleet",
        "DATABASE_REPLICA_URLS": "postgresql://replica_reader:x@postgres-ro:5432/fleet",
        "REDIS_URL": "redis://:x@redis:6379/0",
        "TELEGRAM_BOT_TOKEN": "1:x",
        "TELEGRAM_WEBHOOK_SECRET": "x",
        "GEOCODER_API_KEY": "x",
    }
    for template in (one for workload, one in ours(folder).items() if workload != "desk"):
        with monkeypatch.context() as patch:
            files = {file: examples[file] for file, optional in secret_files(template).items() if not optional}
            for variable in VARIABLES:
                patch.delenv(variable, raising=False)
            for variable, value in {**given, **files}.items():
                patch.setenv(variable, value)
            if template["spec"]["containers"][0]["command"] != ["fleet", "menu"]:
                kind_of(template)()


def test_the_services_are_modules() -> None:
    for words in READ_BY:
        if words.startswith("python -m "):
            assert importlib.util.find_spec(f"{words.removeprefix('python -m ')}.__main__") is not None


def test_compose_names_every_variable_that_somebody_reads() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    ours = [one for one in compose["services"].values() if one["image"].startswith("checkin-fleet:")]
    said = {variable for service in ours for variable in service["environment"]}
    assert said <= VARIABLES
    ports = {"LISTEN_ADDRESS", "METRICS_PORT", "HTTP_PORT"}  # a container has all ports to itself
    assert said >= VARIABLES - ports - set(NOT_SET)


def test_what_compose_takes_as_a_default_is_the_services_own() -> None:
    """But for what one machine wants: a pool for few, polling, no public address."""
    differs = {"INGRESS_MODE", "DB_POOL_MIN", "DB_POOL_MAX"}
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    for variable, value in compose["x-settings"].items():
        found = re.fullmatch(r"\$\{[A-Z_]+:-(.+)\}", str(value))
        if found is None or variable in differs:
            continue
        for kind in reference.READERS.values():
            if (field := kind.model_fields.get(variable.lower())) and not field.is_required():
                told: object = TypeAdapter(Annotated[field.annotation, field]).validate_python(found[1])
                default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
                assert told == default, variable


def test_the_env_files_of_compose_set_what_it_reads() -> None:
    compose = (PROJECT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+)[:}]", compose))
    must = set(re.findall(r"\$\{([A-Z_]+):\?", compose))
    for file in ("compose.env.example", "demo.env"):
        said = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / "deploy" / "docker" / file).read_text(), re.MULTILINE))
        assert must <= said <= asked


@needs_kubectl
def test_the_keys_of_secrets_that_the_base_explains_are_those_that_pods_mount() -> None:
    explained = re.findall(r"^#   (fleet-[\w-]+) +(.*)$", (BASE / "kustomization.yaml").read_text(), re.MULTILINE)
    told = {name: set(re.findall(r"[A-Z]+_[A-Z_]+", says)) for name, says in explained}
    mounted: dict[str, set[str]] = {}
    for template in ours(BASE).values():
        [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "secrets"]
        for source in volume["projected"]["sources"]:
            keys = mounted.setdefault(source["secret"]["name"], set())
            keys.update(item["key"] for item in source["secret"]["items"])
    assert told == mounted
