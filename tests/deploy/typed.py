"""Run by the tools' own Python: judges objects by the types that packages have of them; says a line for each problem.

Standard input is a JSON list of objects. The packages' models let fields pass that they do not know, so what comes out
of a model must have everything that went in.
"""

import importlib
import json
import sys
from collections.abc import Iterator

PACKAGES = {
    "keda.sh/v1alpha1": "cloudcoil.models.keda.v1alpha1",
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
    "cert-manager.io/v1": "cloudcoil.models.cert_manager.v1",
}


def missing(given: object, known: object, path: str = "") -> Iterator[str]:
    """The fields of `given` that are not in `known`."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            if name in known:
                yield from missing(value, known[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(given, list) and isinstance(known, list):
        for number, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from missing(one, other, f"{path}[{number}]")


def problems(one: dict[str, str]) -> Iterator[str]:
    """What is wrong with one object."""
    model = getattr(importlib.import_module(PACKAGES[one["apiVersion"]]), one["kind"])
    try:
        known = model.model_validate(one).model_dump(mode="json", by_alias=True, exclude_unset=True)
    except ValueError as problem:
        yield str(problem)
    else:
        yield from (f"{field}: no such field" for field in missing(one, known))


if __name__ == "__main__":
    for given in json.load(sys.stdin):
        for problem in problems(given):
            sys.stdout.write(f"{given['kind']}: {problem}\n")
