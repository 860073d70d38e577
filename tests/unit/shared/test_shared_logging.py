"""What a log line may say: an exception's frames, and never the values in them."""

import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from shared.settings import ProcessSettings
from shared.telemetry import configure_logging

configure_logging("test", ProcessSettings(log_format={format!r}))

def handle():
    password = "correct-horse"
    person = {{"name": "Leyla", "latitude": 40.4}}
    raise ValueError("broken")

try:
    handle()
except ValueError:
    structlog.get_logger().exception("handler_failed")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_logged_exception_shows_where_but_no_values(log_format: str) -> None:
    program = PROGRAM.format(format=log_format)
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program
    assert "broken" in shown
    assert "handle" in shown
    assert "horse" not in shown
    assert "Leyla" not in shown
