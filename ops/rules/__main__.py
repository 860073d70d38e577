"""Prints the rules as Prometheus reads them; `--write` writes them where docker-compose and the operator find them."""

from pathlib import Path
from textwrap import indent
from typing import Annotated, Final

import typer

from ops.rules import engines, objectives, services, telegram
from ops.rules.rule import Group, written

DEPLOY: Final = Path(__file__).parent.parent.parent / "deploy"
PLAIN: Final = DEPLOY / "prometheus" / "rules.yml"
OPERATORS: Final = DEPLOY / "k8s" / "components" / "monitoring" / "rules.yaml"

GROUPS: Final[tuple[Group, ...]] = (objectives.GROUP, services.GROUP, telegram.GROUP, engines.GROUP)
HEAD: Final = "# Made by `python -m ops.rules --write` from ops/rules; do not edit it by hand.\n"
RESOURCE: Final = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: fleet
spec:
"""


def plain() -> str:
    """What Prometheus reads."""
    return HEAD + written(GROUPS)


def for_the_operator() -> str:
    """The same as an object of the Prometheus operator."""
    return HEAD + RESOURCE + indent(written(GROUPS), "  ")


def main(*, write: Annotated[bool, typer.Option("--write", help="Replace the files in deploy.")] = False) -> None:
    """Print the rules as Prometheus reads them, or write both files."""
    if write:
        PLAIN.write_text(plain())
        OPERATORS.write_text(for_the_operator())
    else:
        typer.echo(plain(), nl=False)


if __name__ == "__main__":
    typer.run(main)
