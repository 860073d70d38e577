import re
from pathlib import Path

import pytest

from local.folders import PROJECT
from local.terminal import WrongInputError
from local.up import VARIABLES, wishes


def test_env_example_explains_exactly_the_variables_that_up_takes() -> None:
    text = (PROJECT / ".env.example").read_text()
    assert tuple(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)) == VARIABLES


def test_without_a_token_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match="BotFather"):
        wishes(tmp_path / ".env", {})


def test_an_empty_token_is_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=\n")
    with pytest.raises(WrongInputError, match=r"cp \.env\.example \.env"):
        wishes(tmp_path / ".env", {})


def test_the_environment_counts_more_than_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TELEGRAM_BOT_TOKEN=1:file\nTIMEZONE=Europe/Riga\n")
    chosen = wishes(tmp_path / ".env", {"TELEGRAM_BOT_TOKEN": "1:shell", "DATABASE_URL": "postgresql://elsewhere"})
    assert chosen == {"TELEGRAM_BOT_TOKEN": "1:shell", "TIMEZONE": "Europe/Riga"}
