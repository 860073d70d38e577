"""A command of `fleet` starts soon: it imports what it needs, and not what other words need."""

import subprocess
import sys

import pytest

SAID = """
import sys
from ops.cli import app
app(sys.argv[1:], standalone_mode=False)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def imported(*words: str) -> set[str]:
    """The packages that a command has imported when it has shown its help."""
    program = (sys.executable, "-c", SAID, *words, "--help")
    done = subprocess.run(program, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("office add", {"aiogram", "sqlalchemy", "alembic", "redis", "aio_pika", "holidays"}),
        ("migrate", {"aiogram", "redis", "aio_pika", "holidays"}),
    ],
)
def test_what_only_other_words_need_is_not_imported(words: str, others: set[str]) -> None:
    assert imported(*words.split()) & others == set()


def test_what_a_word_needs_is() -> None:
    assert "aiogram" in imported("webhook", "apply")
