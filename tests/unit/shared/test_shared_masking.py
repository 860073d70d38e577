"""No secret that a process has read is in anything that it says, however a library spells it."""

import json
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared import masking
from shared.settings import BrokerSettings, Settings

PASSWORD = 'p@ss/w"ör\\d'  # noqa: S105 - a stand-in, with all that is escaped somewhere
URL = f"amqp://fleet:{quote(PASSWORD, safe='')}@host:5672/vhost"


class Various(Settings):
    """Secrets of every shape that the fleet's settings have."""

    rabbitmq_url: SecretStr = SecretStr(URL)
    replicas: SecretStr = SecretStr("postgresql://u:first-one@a/x, postgresql://u:second-one@b/x?sslpassword=third-one")
    token: SecretStr = SecretStr("123456:ABC-def")
    secret: SecretStr = SecretStr("webhook-secret")
    geocoder_url: str = "https://geo.example.com/reverse?key=fourth-one&lang=az"
    short: SecretStr = SecretStr("guest")
    none: SecretStr | None = None


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", [])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


SAID = (
    f"cannot connect to {URL}",
    f"login with {PASSWORD!r} failed",
    f"password {PASSWORD} is wrong",
    json.dumps({"url": URL, "password": PASSWORD}),
    json.dumps({"password": PASSWORD}, ensure_ascii=False),
    f"https://api.telegram.org/bot{'123456:ABC-def'}/sendMessage",
    f"https://api.telegram.org/bot{quote('123456:ABC-def', safe='')}/sendMessage",
    "u:first-one@a u:second-one@b third-one",
    "header webhook-secret and key=fourth-one",
)


@pytest.mark.parametrize("said", SAID)
def test_what_is_said_holds_no_secret(said: str) -> None:
    masking.keep(Various())
    heard = masking.masked(said)
    assert masking.STRUCK_OUT in heard
    for part in (PASSWORD, quote(PASSWORD, safe=""), "ABC-def", "-one", "webhook-secret", json.dumps(PASSWORD)[1:-1]):
        assert part not in heard


def test_what_is_no_secret_stays() -> None:
    masking.keep(Various())
    said = "https://geo.example.com/reverse?lang=az of guest: amqp on host:5672"
    assert masking.masked(said) == said


def test_several_settings_are_kept_together() -> None:
    masking.keep(BrokerSettings(rabbitmq_url=SecretStr("amqp://u:the-first@host/")))
    masking.keep(BrokerSettings(rabbitmq_url=SecretStr("amqp://u:the-second@host/")))
    assert masking.masked("the-first, the-second") == "***, ***"


@given(
    st.text(min_size=masking.SHORTEST, max_size=30).filter(lambda text: text.isprintable() and "*" not in text),
    st.text(max_size=20),
)
def test_any_password_is_struck_out_of_an_address_and_out_of_text(password: str, around: str) -> None:
    url = f"amqp://fleet:{quote(password, safe='')}@host/"
    masking.keep(BrokerSettings(rabbitmq_url=SecretStr(url)))
    assert password not in masking.masked(f"{around}|{password}|{url}").replace(around, "")


PROGRAM = """
import logging, os, sys
import structlog
from shared.settings import BrokerSettings, ProcessSettings, read
from shared.telemetry import configure_logging

class Service(ProcessSettings, BrokerSettings):
    pass

settings = read(Service)
configure_logging("test", settings)
url = settings.rabbitmq_url.get_secret_value()
structlog.get_logger().warning("engine_away", error=repr(OSError(url)))
logging.getLogger("a.library").error("cannot reach %s", url)
try:
    raise ValueError(url)
except ValueError:
    structlog.get_logger().exception("handler_failed")
    logging.getLogger("a.library").exception("failed")
raise RuntimeError(url)
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_neither_logs_nor_libraries_nor_a_crash_show_a_secret(log_format: str) -> None:
    environment = {"RABBITMQ_URL": URL, "LOG_FORMAT": log_format}
    program = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own
    assert ended.returncode == 1
    said = ended.stdout + ended.stderr
    assert said.count(masking.STRUCK_OUT) >= 5
    assert "RuntimeError: ***" in ended.stderr
    for part in (PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD)[1:-1], repr(PASSWORD)[1:-1]):
        assert part not in said
