import pytest

from local.demo import Show, employees
from local.fleet import plan
from local.terminal import WrongInputError


def show(*, stays: bool = False) -> Show:
    return Show(employees=200, stays=stays, token="1:x", port=2, services=plan())  # noqa: S106 - opens nothing


def test_a_thousand_employees_unless_said_otherwise() -> None:
    assert employees(None) == 1000
    assert employees("") == 1000
    assert employees("200") == 200


@pytest.mark.parametrize("value", ["many", "0", "-1", "1.5"])
def test_a_number_that_is_none_is_refused_with_an_example(value: str) -> None:
    with pytest.raises(WrongInputError, match="EMPLOYEES=200 make demo"):
        employees(value)


def test_the_simulator_is_told_where_each_service_shows_its_metrics() -> None:
    demo = show()
    argv = demo.simulator_argv("postgresql://x")
    assert [word for word in argv if word.startswith("--metrics")] == [
        f"--metrics={service.name}=http://127.0.0.1:{service.metrics_port}/metrics" for service in demo.services
    ]


def test_the_simulator_stays_only_when_the_demo_does() -> None:
    assert "--stay" not in show().simulator_argv("postgresql://x")
    assert "--stay" in show(stays=True).simulator_argv("postgresql://x")


def test_the_webhook_points_at_the_ingress() -> None:
    demo = show()
    assert demo.settings()["TELEGRAM_WEBHOOK_URL"] == f"http://127.0.0.1:{demo.services[0].http_port}/webhook"
