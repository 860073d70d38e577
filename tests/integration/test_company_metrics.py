"""What whole services say of themselves when a crowd has passed: every step is measured, and nobody is named."""

from collections.abc import Iterable
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from local.folders import LOGS
from sender.lookout import PAUSE
from tests.docs.test_docs_telemetry import documented
from tests.integration.broker_side import until
from tests.integration.company import Company, Engines, company

pytestmark = pytest.mark.long

PEOPLE = 20
OPEN = {"server", "version", "python"}
"""Labels whose values are addresses from the settings, or what is installed."""


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


async def scraped(office: Company) -> dict[str, list[Metric]]:
    """What each process says on /metrics."""
    told = {}
    async with aiohttp.ClientSession() as session:
        for name, service in office.fleet.services.items():
            async with session.get(service.metrics_url) as answer:
                told[name] = list(text_string_to_metric_families(await answer.text()))
    return told


def total(told: dict[str, list[Metric]], name: str, **labels: str) -> float:
    """The sum over all processes of what has these labels."""
    return sum(
        sample.value
        for metrics in told.values()
        for metric in metrics
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def unheard_of(metrics: Iterable[Metric]) -> set[tuple[str, str, str]]:
    """Values of labels that docs/telemetry.md does not have."""
    known = documented()
    return {
        (metric.name, label, value)
        for metric in metrics
        for sample in metric.samples
        for label, value in sample.labels.items()
        for name in (metric.name, f"{metric.name}_total")
        if name in known and label != "le" and label not in OPEN and value not in known[name][1][label]
    }


async def test_every_step_of_a_check_in_is_measured_and_no_person_is_a_label(rooms: Engines) -> None:
    async with company(rooms, PEOPLE) as office:
        await office.crowd.everyone_checks_in()
        await office.everybody_answered()

        async def telegram_holds_what_it_should() -> bool:
            told = await scraped(office)
            asked = total(told, "sender_webhook_asked_timestamp_seconds") > 0
            return asked and total(told, "sender_webhook_drift") == 0

        await until(telegram_holds_what_it_should, 4 * PAUSE)  # it may have been asked before the webhook was set
        told = await scraped(office)

        def steps(name: str, **labels: str) -> float:
            return total(told, f"{name}_count", **labels)

        assert total(told, "ingress_webhook_requests_total", status="200") == steps("ingress_webhook_seconds") >= PEOPLE
        assert steps("fleet_handle_seconds", queue="updates") >= PEOPLE
        assert steps("checkin_recorded_seconds") == PEOPLE
        assert steps("geo_geocoder_seconds") == total(told, "geo_geocoder_requests_total") > 0
        sent = total(told, "sender_calls_total", method="sendMessage", outcome="sent")
        assert steps("sender_call_seconds", method="sendMessage") == sent >= PEOPLE
        assert steps("sender_call_seconds", method="getWebhookInfo") > 0
        assert steps("sender_told_seconds") == steps("sender_reply_seconds") >= PEOPLE
        assert total(told, "sender_told_seconds_sum") > total(told, "sender_reply_seconds_sum")
        assert total(told, "sender_webhook_pending") == 0
        assert total(told, "fleet_draining") == 0
        for name, metrics in told.items():
            assert unheard_of(metrics) == set(), name
            assert total({name: metrics}, "fleet_build_info") == 1, name
            assert total({name: metrics}, "process_cpu_seconds_total") > 0, name
            assert total({name: metrics}, "process_resident_memory_bytes") > 0, name
        samples = [sample for metrics in told.values() for metric in metrics for sample in metric.samples]
        said = {value for sample in samples for value in sample.labels.values()}
        assert [value for value in said for person in office.crowd.employees if str(person.id) in value] == []
