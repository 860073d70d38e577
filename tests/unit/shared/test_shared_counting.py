"""What alerts count from is counted, and is there before the first time."""

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from ingress.metrics import WEBHOOKS
from local.ports import free_port
from sender.metrics import FLOODS
from shared.cache import Cache
from shared.consume import Consumer
from shared.delivery import Delivery, Done, Verdict
from shared.errors import CacheUnavailable
from shared.metrics import FATES
from shared.publisher import Publisher
from shared.topology import WorkQueue
from tests.docs.test_docs_telemetry import values


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def handle(_delivery: Delivery) -> Verdict:
    return Done()


def test_every_fate_of_a_queue_is_counted_from_nothing_on() -> None:
    Consumer(WorkQueue("counted", dead="dead"), handle, Publisher(), prefetch=1, deadline=None)
    assert [value("fleet_settled_total", queue="counted", fate=fate) for fate in FATES] == [0.0] * len(FATES)
    assert set(FATES) == values("fleet_settled_total", "fate")


def test_what_telegram_is_refused_and_what_it_refuses_is_counted_from_nothing_on() -> None:
    statuses = {sample.labels["status"] for metric in WEBHOOKS.collect() for sample in metric.samples}
    assert {"200", "503"} <= statuses
    scopes = {sample.labels["scope"] for metric in FLOODS.collect() for sample in metric.samples}
    assert scopes == values("sender_floods_total", "scope")


async def test_a_redis_that_does_not_answer_is_counted_once_for_each_time_it_is_asked() -> None:
    cache = Cache(SecretStr(f"redis://127.0.0.1:{free_port()}/0"))
    before = value("fleet_cache_failures_total") or 0.0
    for _ in range(3):  # it is left alone after the first
        with pytest.raises(CacheUnavailable):
            await cache.get("k")
    await cache.aclose()
    assert value("fleet_cache_failures_total") == before + 1


@pytest.mark.parametrize(("stamp", "at"), [(1_790_000_000_500, 1_790_000_000.5), (None, None), ("x", None)])
def test_a_message_knows_when_its_update_came_to_our_door(stamp: object, at: float | None) -> None:
    headers = {} if stamp is None else {"received_at": stamp}
    delivery = Delivery(queue="q", key="1", body=b"", headers=headers, tries=0, redelivered=False)
    assert delivery.received_at == at
