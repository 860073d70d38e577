"""An own Photon: the compose profile and the component run the same, and Kubernetes takes the component as it is."""

import re
import shutil
from pathlib import Path

from local.folders import PROJECT
from tests.deploy.manifests import needs_kubectl, rendered

COMPOSE = (PROJECT / "docker-compose.yml").read_text()
COMPONENT = PROJECT / "deploy" / "k8s" / "components" / "photon"


def values(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text))


def test_both_run_the_same_image_of_one_version_with_the_same_data() -> None:
    stateful_set = (COMPONENT / "statefulset.yaml").read_text()
    image = r"image: (\S*photon\S*:\d+\.\d+\.\d+)$"
    (ours,) = re.findall(image, COMPOSE, re.MULTILINE)
    assert re.findall(image, stateful_set, re.MULTILINE) == [ours]
    for name in ("REGION", "UPDATE_STRATEGY", "UPDATE_INTERVAL"):
        (in_compose,) = re.findall(rf"{name}: (?:\$\{{\w+:-)?(\w+)", COMPOSE)
        (in_kubernetes,) = re.findall(rf"name: {name}\n\s+value: (\w+)", stateful_set)
        assert in_compose == in_kubernetes


def test_it_is_published_on_this_machine_alone() -> None:
    assert values(COMPOSE, r'- "([\d.]+:\d+:\d+)"') == {"127.0.0.1:2322:2322"}


@needs_kubectl
def test_kustomize_takes_the_component(tmp_path: Path) -> None:
    shutil.copytree(COMPONENT, tmp_path / "photon")
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [photon]\n"
    )
    assert values(rendered(tmp_path), r"(?m)^kind: (\w+)$") == {"Service", "StatefulSet"}
    assert "runAsNonRoot: true" in rendered(tmp_path)
