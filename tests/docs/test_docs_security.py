"""`docs/security.md` names files and tests that exist, and a control and a test for each threat."""

import re

from local.folders import PROJECT
from tests.docs.pages import DOCS, SERVICES, quoted, table

PAGE = (DOCS / "security.md").read_text()
THREATS = table(PAGE, "Threats")
NOT_OURS = "not the fleet's"
KINDS = set("STRIDE")


def every_test() -> set[str]:
    files = (PROJECT / "tests").rglob("test_*.py")
    found = (re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE) for file in files)
    return {name for names in found for name in names}


def test_every_threat_has_kinds_and_a_control_that_is_a_file_and_a_test_that_exists() -> None:
    existing = every_test()
    for where, kinds, _threat, control, tests in THREATS:
        assert set(kinds.split(", ")) <= KINDS, where
        if tests == NOT_OURS:
            continue
        assert quoted(tests), (where, kinds)
        assert set(quoted(tests)) <= existing, where
        files = [name for name in quoted(control) if "/" in name or "." in name]
        assert files, (where, control)
        assert [name for name in files if not (PROJECT / name).exists()] == [], where


def test_every_kind_of_threat_is_thought_of() -> None:
    assert {kind for row in THREATS for kind in row[1].split(", ")} == KINDS


def test_every_element_of_the_diagram_is_thought_of() -> None:
    places = " ".join(row[0] for row in THREATS)
    elements = [
        *SERVICES[:-1],
        "Telegram",
        "updates",
        "queues",
        "PostgreSQL",
        "replicas",
        "Redis",
        "geocoder",
        "reports",
    ]
    assert [element for element in elements if element not in places] == []


def test_the_policy_says_what_to_rotate_for_every_secret() -> None:
    policy = (PROJECT / "SECURITY.md").read_text()
    for variable in ("TELEGRAM_WEBHOOK_SECRET", "TELEGRAM_BOT_TOKEN", "DATABASE_URL", "RABBITMQ_URL", "REDIS_URL"):
        assert variable in policy
    assert "GEOCODER_API_KEY" in policy
