"""An hour of a healthy fleet as Prometheus has it: quiet, a thousand check-ins at once, quiet again."""

from collections.abc import Mapping

STEP = 30
"""Seconds between samples."""
SAMPLES = 121
BURST = 40
"""The sample at which everybody comes, after twenty minutes."""
FAULT = 60
"""The sample from which on something is wrong, where a case says so: after half an hour."""
CROWD = 1000

Series = Mapping[str, list[float]]


def level(healthy: float, wrong: float | None = None, *, burst: float | None = None) -> list[float]:
    """A gauge: its value, its value from the fault on, and that of the burst's one sample."""
    values = [healthy] * FAULT + [healthy if wrong is None else wrong] * (SAMPLES - FAULT)
    if burst is not None:
        values[BURST] = burst
    return values


def count(healthy: float, wrong: float | None = None, *, burst: float = 0) -> list[float]:
    """A counter: what is added at each sample, from the fault on, and by the burst."""
    total, values = 0.0, []
    for sample in range(SAMPLES):
        total += healthy if wrong is None or sample < FAULT else wrong
        total += burst if sample == BURST else 0
        values.append(total)
    return values


def of(service: str, copy: int = 1, **labels: str) -> str:
    """The labels that a copy of a service's metrics have."""
    all_labels = {"job": "fleet", "service": service, "instance": f"{service}-{copy}:9100", **labels}
    return "{" + ", ".join(f'{name}="{value}"' for name, value in all_labels.items()) + "}"


def queue(name: str) -> str:
    """The labels of a queue at RabbitMQ's exporter."""
    return f'{{job="rabbitmq-queues", instance="rabbitmq:15692", queue="{name}", vhost="/"}}'


SERVICES = ("ingress", "checkin-worker", "geo-worker", "sender")
BROKER = '{job="rabbitmq", instance="rabbitmq:15692"}'
POSTGRES = '{job="postgres", pod="postgres-1", instance="postgres-1:9187"'

HEALTHY: Series = {
    **{f"up{of(service, copy)}": level(1) for service in SERVICES for copy in (1, 2)},
    **{f"fleet_ready{of(service, copy)}": level(1) for service in SERVICES for copy in (1, 2)},
    f"up{BROKER}": level(1),
    f"up{POSTGRES}}}": level(1),
    # the door
    f"ingress_webhook_requests_total{of('ingress', status='200')}": count(5, burst=CROWD),
    f"ingress_webhook_requests_total{of('ingress', status='503')}": count(0, burst=1),
    f"ingress_webhook_requests_total{of('ingress', status='401')}": count(50),  # strangers who knock
    # the workers
    f"fleet_update_seconds_count{of('checkin-worker')}": count(5, burst=CROWD),
    f"fleet_update_seconds_bucket{of('checkin-worker', le='1.0')}": count(5, burst=CROWD - 3),
    f"fleet_settled_total{of('checkin-worker', queue='updates', fate='done')}": count(5, burst=CROWD),
    f"fleet_settled_total{of('checkin-worker', queue='updates', fate='retry')}": count(0, burst=2),
    f"fleet_pool_wait_seconds_count{of('checkin-worker', server='primary')}": count(10, burst=CROWD),
    f"fleet_pool_wait_seconds_bucket{of('checkin-worker', server='primary', le='0.025')}": count(10, burst=CROWD / 2),
    f"fleet_pool_wait_seconds_bucket{of('checkin-worker', server='primary', le='0.1')}": count(10, burst=CROWD - 20),
    f"fleet_pool_wait_seconds_bucket{of('checkin-worker', server='primary', le='+Inf')}": count(10, burst=CROWD),
    f"fleet_replica_lag_seconds{of('checkin-worker', server='10.0.0.7:5432')}": level(0.1, burst=4),
    f"fleet_cache_failures_total{of('sender')}": count(0, burst=4),
    # the queues
    f"rabbitmq_detailed_queue_consumers{queue('updates')}": level(2),
    f"rabbitmq_detailed_queue_messages{queue('updates')}": level(0, burst=800),
    f"rabbitmq_detailed_queue_messages{queue('outbound.interactive')}": level(0, burst=900),
    f"rabbitmq_detailed_queue_messages{queue('outbound.files')}": level(0),
    f"rabbitmq_detailed_queue_messages{queue('dead.updates')}": level(0),
    f"rabbitmq_alarms_memory_used_watermark{BROKER}": level(0),
    f"rabbitmq_alarms_free_disk_space_watermark{BROKER}": level(0),
    # addresses
    f"geo_active{of('geo-worker', 1)}": level(1),
    f"geo_active{of('geo-worker', 2)}": level(0),
    f"geo_waiting{of('geo-worker', 1)}": level(0, burst=30),
    f"geo_circuit_open{of('geo-worker', 1, geocoder='nominatim')}": level(0),
    f"geo_geocoder_requests_total{of('geo-worker', 1, geocoder='nominatim', outcome='address')}": count(1, burst=30),
    # the sender
    f"sender_active{of('sender', 1)}": level(1),
    f"sender_active{of('sender', 2)}": level(0),
    f"sender_reply_seconds_count{of('sender')}": count(5, burst=CROWD),
    f"sender_late_replies_total{of('sender')}": count(0, burst=8),
    f"sender_calls_total{of('sender', priority='interactive', method='sendMessage', outcome='sent')}": count(
        5, burst=CROWD
    ),
    f"sender_floods_total{of('sender', scope='everybody')}": count(0),
    f"sender_floods_total{of('sender', scope='chat')}": count(0, burst=1),
    f"sender_webhook_pending{of('sender')}": level(0, burst=300),
    f"sender_webhook_drift{of('sender', setting='url')}": level(0),
    f"sender_webhook_drift{of('sender', setting='max_connections')}": level(0),
    f"sender_webhook_last_error_timestamp_seconds{of('sender')}": level(0),
    # PostgreSQL, where CloudNativePG runs it
    f'cnpg_backends_total{POSTGRES}, state="active"}}': level(20, burst=40),
    f'cnpg_pg_settings_setting{POSTGRES}, name="max_connections"}}': level(100),
}
