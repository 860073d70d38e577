"""One check-in through four processes: one connected trace, one line in each log, one journey for the operator."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.folders import LOGS
from local.ports import LOOPBACK, free_port
from tests.integration.broker_side import until
from tests.integration.collector_side import Collector, Seen, collector
from tests.integration.company import Company, Engines, company
from tests.integration.ops_side import fleet

ONE_EACH = {"ingress": 1, "checkin_worker": 1, "geo_worker": 1, "sender": 1}
STEPS = {
    "ingress": {"POST /webhook", "send updates"},
    "checkin_worker": {
        "process updates",
        "postgresql transaction",
        "send geo.requests",
        "send outbound.interactive",
    },
    "geo_worker": {
        "process geo.requests",
        "find address",
        "geocode",
        "send outbound.enrichment",
        "postgresql transaction",
    },
    "sender": {
        "process outbound.interactive",
        "process outbound.enrichment",
        "wait to be sent",
        "POST /bot{token}/sendMessage",
    },
}
"""Of a check-in at least: on a busy machine its address comes late, and is an edit beside."""


@pytest.fixture
def rooms(database_url: str, rabbitmq_url: str, redis_url: str, run: Path) -> Engines:
    """Fresh rooms on the session's engines."""
    return Engines(database_url, rabbitmq_url, redis_url, run / LOGS)


def told(steps: list[Seen]) -> dict[str, set[str]]:
    """The names of steps by service."""
    return {service: {step.name for step in steps if step.service == service} for service in STEPS}


def lines(office: Company, service: str) -> list[dict[str, Any]]:
    """What a service has logged."""
    return [json.loads(line) for line in office.fleet.log(service).read_text().splitlines()]


async def checked_in(office: Company) -> int:
    """One person checks in and is answered; returns the update's id."""
    [update_id] = await office.crowd.everyone_checks_in()
    await office.everybody_answered()
    return update_id


def is_whole(traces: Collector, update_id: int) -> bool:
    known = any(step.facts.get("fleet.update_id") == update_id for step in traces.seen)
    return known and all(STEPS[service] <= names for service, names in told(traces.of(update_id)).items())


async def test_a_check_in_is_one_trace_one_line_a_message_and_one_journey(rooms: Engines) -> None:
    port = free_port()
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=open sesame",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
    }
    async with company(rooms, 1, ONE_EACH, **settings) as office:
        async with collector(port) as traces:
            update_id = await checked_in(office)
            await traces.until(lambda: is_whole(traces, update_id))
        steps = traces.of(update_id)
        connected(steps)
        nobody_is_named(office, steps)
        assert traces.keys == {"open sesame"}
        settled(office, update_id, steps[0].trace)
        journey = await fleet(rooms.database_url, "trace", update_id, "--json", REDIS_URL=rooms.redis_url)
        assert {step["what"] for step in json.loads(journey.out)["steps"]} >= {
            "written",
            "handled",
            "recorded",
            "called",
        }

        # The collector is gone: the next one is answered all the same, and the loss is said and counted.
        office.crowd.send_location(office.crowd.employees[0])
        await office.telegram.until(lambda: len(office.telegram.ledger.calls) >= 2)

        async def the_loss_is_counted() -> bool:
            return await office.metric("sender", 'fleet_trace_spans_total{fate="undelivered"}') > 0

        await until(the_loss_is_counted, 30)
        assert "collector_away" in {line["event"] for line in lines(office, "sender")}
        assert await office.fleet.stop_all() == dict.fromkeys(ONE_EACH, 0)


def connected(steps: list[Seen]) -> None:
    """All follow from one first step, and nothing failed."""
    spans = {step.span.span_id for step in steps}
    [first] = [step.name for step in steps if not step.span.parent_span_id]
    assert first == "POST /webhook"
    assert [step.name for step in steps if step.span.parent_span_id and step.span.parent_span_id not in spans] == []
    assert [step.name for step in steps if "error.type" in step.facts] == []


def nobody_is_named(office: Company, steps: list[Seen]) -> None:
    """No fact of any step is a person's: no number, no name, no place."""
    [person] = office.crowd.employees
    personal = (str(person.id), person.first_name, person.last_name, "40.", "49.", person.office.address)
    said = [str(value) for step in steps for value in step.facts.values()]
    assert [value for value in said for word in personal if word in value] == []


def settled(office: Company, update_id: int, trace: str) -> None:
    """One canonical line for each message that there was of it, and each line about it names it and its trace."""
    of_it = [line for name in ONE_EACH for line in lines(office, name) if line.get("update_id") == update_id]
    assert {line["trace"] for line in of_it} == {trace}
    canonical = sorted((line["service"], line["queue"], line["fate"]) for line in of_it if line["event"] == "settled")
    assert canonical == [
        ("checkin_worker", "updates", "done"),
        ("geo_worker", "geo.requests", "done"),
        ("ingress", "telegram", "queued"),
        ("sender", "outbound.enrichment", "done"),
        ("sender", "outbound.interactive", "done"),
    ]
    outcomes = {line["queue"]: line.get("outcome") for line in of_it if line["event"] == "settled"}
    assert outcomes.pop("outbound.enrichment") in {"merged", "sent"}
    assert outcomes == {
        "telegram": None,
        "updates": "stored",
        "geo.requests": "address",
        "outbound.interactive": "sent",
    }
