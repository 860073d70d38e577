"""What goes wrong in a morning, and which alerts it raises: each of them, and no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.rules.morning import BROKER, CROWD, FAULT, POSTGRES, SAMPLES, SERVICES, STEP, count, level, of, queue

Firing = tuple[str, str]
"""An alert's name and severity."""


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes:
        what: for people.
        series: what differs from a healthy morning; None for what is not there any more from the fault on.
        fires: what is firing half an hour after it began.
    """

    what: str
    series: Mapping[str, list[float] | None]
    fires: set[Firing] = field(default_factory=set)


DONE = f"fleet_settled_total{of('checkin-worker', queue='updates', fate='done')}"
SENT = f"sender_calls_total{of('sender', priority='interactive', method='sendMessage', outcome='sent')}"
INTERACTIVE = f"rabbitmq_detailed_queue_messages{queue('outbound.interactive')}"


def burns(alert: str) -> set[Firing]:
    """What is spent fast is spent slowly too: Alertmanager is told to keep the ticket back."""
    return {(alert, "page"), (alert, "ticket")}


def gone(service: str) -> dict[str, list[float] | None]:
    """No copy of it runs."""
    ready = {f"fleet_ready{of(service, copy)}": None for copy in (1, 2)}
    return {**ready, **{f"up{of(service, copy)}": level(1, 0) for copy in (1, 2)}}


def errors_each_minute() -> list[float]:
    """When Telegram last failed, from the fault on a minute ago at most."""
    return [0.0] * FAULT + [float(sample // 2 * 2 * STEP) for sample in range(FAULT, SAMPLES)]


CASES = (
    Case(
        "a tenth of the webhooks gets 503",
        {f"ingress_webhook_requests_total{of('ingress', status='503')}": count(0, 2, burst=1)},
        burns("WebhookBurn"),
    ),
    Case(
        "half of the updates take longer than a second",
        {f"fleet_update_seconds_bucket{of('checkin-worker', le='1.0')}": count(5, 2, burst=CROWD - 3)},
        burns("RecordedBurn"),
    ),
    Case(
        "every reply is late",
        {f"sender_late_replies_total{of('sender')}": count(0, 5, burst=8)},
        burns("RepliesBurn"),
    ),
    Case("no worker runs", gone("checkin-worker"), {("ServiceDown", "page"), ("TargetDown", "ticket")}),
    Case(
        "no service is ready",
        {f"fleet_ready{of(service, copy)}": level(1, 0) for service in SERVICES for copy in (1, 2)},
        {("ServiceNotReady", "page")},
    ),
    Case("nobody sends", {f"sender_active{of('sender', 1)}": level(1, 0)}, {("NoActiveSender", "page")}),
    Case(
        "no sender runs",
        gone("sender") | {f"sender_active{of('sender', copy)}": None for copy in (1, 2)},
        {("ServiceDown", "page"), ("NoActiveSender", "page"), ("TargetDown", "ticket")},
    ),
    Case("two send", {f"sender_active{of('sender', 2)}": level(0, 1)}, {("TwoActiveSenders", "page")}),
    Case(
        "nobody consumes updates",
        {f"rabbitmq_detailed_queue_consumers{queue('updates')}": level(2, 0)},
        {("UpdatesNotHandled", "page")},
    ),
    Case(
        "updates wait in workers that hang",
        {f"rabbitmq_detailed_queue_messages{queue('updates')}": level(0, 60, burst=800), DONE: count(5, 0)},
        {("UpdatesNotHandled", "page")},
    ),
    Case("no reply goes out", {INTERACTIVE: level(0, 40, burst=900), SENT: count(5, 0)}, {("RepliesStuck", "page")}),
    Case("one reply of the night waits for its chat", {INTERACTIVE: level(0, 1), SENT: count(5, 0)}),
    Case("nobody checks in for half an hour", {DONE: count(5, 0), SENT: count(5, 0)}),
    Case(
        "an update is poison",
        {f"rabbitmq_detailed_queue_messages{queue('dead.updates')}": level(0, 1)},
        {("DeadLetters", "ticket")},
    ),
    Case(
        "handlers fail",
        {f"fleet_settled_total{of('checkin-worker', queue='updates', fate='retry')}": count(0, 2)},
        {("RetriesGrow", "ticket")},
    ),
    Case(
        "the only geocoder fails",
        {
            f"geo_circuit_open{of('geo-worker', 1, geocoder='nominatim')}": level(0, 1),
            f"geo_waiting{of('geo-worker', 1)}": level(0, 12, burst=30),
            f"geo_geocoder_requests_total{of('geo-worker', 1, geocoder='nominatim', outcome='address')}": count(1, 0),
        },
        {("GeocodersFail", "ticket")},
    ),
    Case(
        "the first geocoder fails and the next answers",
        {
            f"geo_circuit_open{of('geo-worker', 1, geocoder='photon')}": level(0, 1),
            f"geo_waiting{of('geo-worker', 1)}": level(0, 1, burst=30),
        },
    ),
    Case("RabbitMQ's exporter is away", {f"up{BROKER}": level(1, 0)}, {("TargetDown", "ticket")}),
    Case(
        "Redis' exporter is away, in the cluster",
        {'up{job="checkin-fleet/redis", instance="redis-server-0:9121"}': level(1, 0)},
        {("TargetDown", "ticket")},
    ),
    Case(
        "Telegram silences the bot",
        {f"sender_floods_total{of('sender', scope='everybody')}": count(0, 1)},
        {("CapOverrun", "ticket")},
    ),
    Case(
        "updates wait at Telegram",
        {f"sender_webhook_pending{of('sender')}": level(0, 101, burst=300)},
        {("WebhookPending", "page")},
    ),
    Case(
        "somebody set another webhook",
        {f"sender_webhook_drift{of('sender', setting='url')}": level(0, 1)},
        {("WebhookElsewhere", "page")},
    ),
    Case(
        "the webhook has fewer connections",
        {f"sender_webhook_drift{of('sender', setting='max_connections')}": level(0, 1)},
        {("WebhookDrift", "ticket")},
    ),
    Case(
        "Telegram cannot connect",
        {f"sender_webhook_last_error_timestamp_seconds{of('sender')}": errors_each_minute()},
        {("WebhookErrors", "ticket")},
    ),
    Case(
        "a sender takes over, and Telegram failed yesterday",
        {f"sender_webhook_last_error_timestamp_seconds{of('sender', 2)}": level(0, 1_790_000_000)},
    ),
    *(
        Case(
            f"RabbitMQ is short of {what}",
            {f"rabbitmq_alarms_{name}{BROKER}": level(0, 1)},
            {("RabbitMQAlarm", "page")},
        )
        for what, name in (("memory", "memory_used_watermark"), ("disk", "free_disk_space_watermark"))
    ),
    *(
        Case(
            f"{name} is nearly full",
            {f"rabbitmq_detailed_queue_messages{queue(name)}": level(0, held)},
            {("QueueNearlyFull", "ticket")},
        )
        for name, held in (("outbound.bulk", 800_001), ("outbound.files", 8_001))
    ),
    Case("a great campaign waits", {f"rabbitmq_detailed_queue_messages{queue('outbound.bulk')}": level(0, 700_000)}),
    Case(
        "the pool is too small",
        {
            f"fleet_pool_wait_seconds_bucket{of('checkin-worker', server='primary', le='0.025')}": count(
                10, 5, burst=CROWD / 2
            )
        },
        {("DatabasePoolWaits", "ticket")},
    ),
    Case(
        "PostgreSQL of one machine is nearly out of connections",
        {
            'pg_stat_activity_count{job="postgres", instance="postgres-exporter:9187", state="idle"}': level(40, 241),
            'pg_settings_max_connections{job="postgres", instance="postgres-exporter:9187"}': level(300),
        },
        {("PostgreSQLConnections", "ticket")},
    ),
    Case(
        "PostgreSQL is nearly out of connections",
        {f'cnpg_backends_total{POSTGRES}, state="active"}}': level(20, 81)},
        {("PostgreSQLConnections", "ticket")},
    ),
    Case(
        "a replica is away",
        {f"fleet_replica_lag_seconds{of('checkin-worker', server='10.0.0.7:5432')}": level(0.1, 31)},
        {("ReplicaBehind", "ticket")},
    ),
    Case(
        "Redis is away",
        {f"fleet_cache_failures_total{of('sender')}": count(0, 20)},
        {("RedisAway", "ticket")},
    ),
)
