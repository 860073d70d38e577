"""Secrets may come as mounted files of the variables' names; what is wrong with one is told in one line."""

import os
from pathlib import Path

import pytest

from geo_worker.settings import GeoSettings
from ingress.settings import IngressSettings
from ops import reference
from shared import settings as settings_module
from shared.settings import BrokerSettings, read

FILES = {
    "rabbitmq_url": "amqps://fleet:file-password@rabbit/",
    "database_url": "postgresql://fleet:file-password@db/fleet",
    "redis_url": "rediss://:file-password@redis/0",
    "telegram_bot_token": "42:from-a-file",
    "telegram_webhook_secret": "secret-from-a-file",
    "telegram_webhook_secret_previous": "secret-before",
    "telegram_webhook_url": "https://bot.example.com/webhook",
    "database_replica_urls": "postgresql://fleet:file-password@replica/fleet",
    "geocoder_api_key": "key-from-a-file",
    "telegram_bot_username": "checkin_bot",
}
"""What a deployment keeps secret, and what somebody cannot start without."""


@pytest.fixture(autouse=True)
def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in the place of /run/secrets, and no variable."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setattr(settings_module, "SECRETS", tmp_path)
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as end:
        read(BrokerSettings)
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
@pytest.mark.parametrize("reader", reference.READERS)
def test_every_reader_finds_what_is_mounted_whatever_line_ending_it_has(
    mounted: Path, reader: str, case: type[str], ending: str
) -> None:
    for name, value in FILES.items():
        (mounted / case(name)).write_text(value + ending, newline="")
    found = read(reference.READERS[reader])
    for name in FILES.keys() & type(found).model_fields.keys():
        value = getattr(found, name)
        assert (value if isinstance(value, str) else value.get_secret_value()) == FILES[name]


def test_every_variable_that_holds_a_secret_is_among_those_tested() -> None:
    fields = {
        name: field
        for kind in reference.READERS.values()
        for name, field in kind.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert fields.keys() <= FILES.keys()


def test_a_file_as_kubernetes_links_it_is_found(mounted: Path) -> None:
    (mounted / "..2026_11").mkdir()
    (mounted / "..2026_11" / "RABBITMQ_URL").write_text(FILES["rabbitmq_url"])
    (mounted / "..data").symlink_to("..2026_11")
    (mounted / "RABBITMQ_URL").symlink_to("..data/RABBITMQ_URL")
    assert read(BrokerSettings).rabbitmq_url.get_secret_value() == FILES["rabbitmq_url"]


def test_a_variable_counts_more_than_a_file(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mounted / "RABBITMQ_URL").write_text(FILES["rabbitmq_url"])
    monkeypatch.setenv("RABBITMQ_URL", "amqp://other")
    assert read(BrokerSettings).rabbitmq_url.get_secret_value() == "amqp://other"


def test_without_the_folder_the_environment_alone_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(settings_module, "SECRETS", tmp_path / "nowhere")
    (line,) = refusal(capsys)
    assert line.startswith("RABBITMQ_URL: missing (")


def test_a_file_that_cannot_be_read_is_one_line(mounted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mounted / "RABBITMQ_URL").mkdir()
    assert refusal(capsys) == [f"RABBITMQ_URL: {mounted}/RABBITMQ_URL cannot be read: Is a directory"]


def test_a_file_that_is_no_text_is_one_line(mounted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mounted / "rabbitmq_url").write_bytes(b"\xff\xfe")
    (line,) = refusal(capsys)
    assert line.endswith("rabbitmq_url cannot be read: it is not text in UTF-8")


def test_a_link_that_leads_nowhere_is_one_line(mounted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mounted / "RABBITMQ_URL").symlink_to("gone")
    (line,) = refusal(capsys)
    assert line.endswith("RABBITMQ_URL cannot be read: No such file or directory")


def test_a_file_with_a_wrong_value_is_one_line_without_the_value(
    mounted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mounted / "RABBITMQ_URL").write_text("http://file-password")
    (line,) = refusal(capsys)
    assert line.startswith("RABBITMQ_URL: must begin with amqp://")
    assert "file-password" not in line


def test_the_folders_other_files_and_folders_are_nobodys_business(mounted: Path) -> None:
    (mounted / "RABBITMQ_URL").write_text(FILES["rabbitmq_url"])
    (mounted / "kubernetes.io").mkdir()
    (mounted / "picture").write_bytes(b"\xff")
    assert read(BrokerSettings).rabbitmq_url.get_secret_value() == FILES["rabbitmq_url"]


def test_services_ask_for_their_secrets_only() -> None:
    assert "telegram_bot_token" not in GeoSettings.model_fields
    assert "database_url" not in IngressSettings.model_fields
