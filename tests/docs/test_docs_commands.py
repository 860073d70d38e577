"""`docs/commands.md` has every command: those of Telegram's menu texts, and those of `fleet`."""

import re

import typer.main

from ops.cli import app
from shared.texts import LOCALES
from tests.docs.pages import DOCS

PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")


def test_the_page_has_every_command_of_the_bot_and_no_other() -> None:
    texts = (LOCALES / "az" / "commands.ftl").read_text(encoding="utf-8")
    commands = set(re.findall(r"^command-(\w+) =", texts, re.MULTILINE))
    assert set(re.findall(r"^\| `/(\w+)", PAGE, re.MULTILINE)) == commands


def test_the_page_has_every_word_of_fleet_and_no_other() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    rows = dict(re.findall(r"^\| `fleet ([\w-]+)(.*)$", PAGE, re.MULTILINE))
    assert set(rows) == set(group.commands)
    for name, command in group.commands.items():
        words = set(getattr(command, "commands", {}))
        assert words <= set(re.findall(r"[\w-]+", rows[name])), name
