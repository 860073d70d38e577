"""Owns the alerts of our own services: who is away, what is stuck, what piles up."""

from typing import Final

from ops.rules.rule import Alert, Group

SERVICES: Final = ("ingress", "checkin-worker", "geo-worker", "sender")
"""As the label `service` has them, which docker-compose's and the cluster's Prometheus set alike."""
STUCK: Final = 3
"""Replies that wait while none goes out; fewer may wait for their chat."""
RETRIES: Final = 20
"""Messages of one queue that may be tried again within a quarter of an hour."""

ALERTS: Final = (
    Alert(
        name="ServiceDown",
        severity="page",
        expr="\nor ".join(f'absent(fleet_ready{{service="{service}"}})' for service in SERVICES),
        lasts="2m",
        summary="No {{ $labels.service }} runs",
        description="No copy of {{ $labels.service }} answers Prometheus.",
    ),
    Alert(
        name="ServiceNotReady",
        severity="page",
        expr='max by (service) (fleet_ready{service!=""}) == 0',
        lasts="2m",
        summary="No {{ $labels.service }} is ready",
        description="Copies of {{ $labels.service }} run, and none has all it needs; /readyz names what is missing.",
    ),
    Alert(
        name="NoActiveSender",
        severity="page",
        expr="(sum(sender_active) or vector(0)) == 0",
        lasts="1m",
        summary="Nobody sends to Telegram",
        description="No sender holds the right to send: replies wait in RabbitMQ.",
    ),
    Alert(
        name="TwoActiveSenders",
        severity="page",
        expr="sum(sender_active) > 1",
        lasts="1m",
        summary="{{ $value }} senders believe that they may send",
        description="Only one may hold the right to send; together they can break Telegram's cap.",
    ),
    Alert(
        name="UpdatesNotHandled",
        severity="page",
        expr="""
            max(rabbitmq_detailed_queue_consumers{queue="updates"}) == 0
            or (
              max(rabbitmq_detailed_queue_messages{queue="updates"}) > 0
              unless on () sum(increase(fleet_settled_total{queue="updates", fate="done"}[2m])) > 0
            )
        """,
        lasts="1m",
        summary="Check-ins wait and nobody records them",
        description="The queue `updates` has no consumer, or holds messages of which none was handled for two minutes.",
    ),
    Alert(
        name="RepliesStuck",
        severity="page",
        expr=f"""
            max(rabbitmq_detailed_queue_messages{{queue="outbound.interactive"}}) >= {STUCK}
            unless on () sum(increase(sender_calls_total{{priority="interactive", outcome="sent"}}[2m])) > 0
        """,
        lasts="1m",
        summary="{{ $value }} replies wait and none goes out",
        description="For two minutes Telegram has taken no reply, though some wait in `outbound.interactive`.",
    ),
    Alert(
        name="DeadLetters",
        severity="ticket",
        expr=r'max by (queue) (rabbitmq_detailed_queue_messages{queue=~"dead\\..+"}) > 0',
        lasts="1m",
        summary="{{ $value }} messages in {{ $labels.queue }}",
        description="Nobody could handle them. Each may be somebody's check-in or reply.",
    ),
    Alert(
        name="RetriesGrow",
        severity="ticket",
        expr=f'sum by (queue) (increase(fleet_settled_total{{fate="retry"}}[15m])) > {RETRIES}',
        lasts="5m",
        summary="Messages of {{ $labels.queue }} fail and are tried again",
        description="{{ $value | humanize }} tries failed in a quarter of an hour; after its last a message is dead.",
    ),
    Alert(
        name="GeocodersFail",
        severity="ticket",
        expr="""
            max(geo_circuit_open) == 1
            and on () max(geo_waiting) > 0
            unless on () sum(increase(geo_geocoder_requests_total{outcome=~"address|nothing there"}[5m])) > 0
        """,
        lasts="5m",
        summary="No geocoder answers",
        description="Addresses are waited for, and none of the geocoders in use has answered for five minutes.",
    ),
    Alert(
        name="TargetDown",
        severity="ticket",
        expr='up{job=~"(.+/)?(fleet|rabbitmq|rabbitmq-queues|postgres|redis)"} == 0',
        lasts="5m",
        summary="{{ $labels.instance }} of {{ $labels.job }} does not answer Prometheus",
        description="One process or engine is not seen; what it would tell is missing from every other rule.",
    ),
)
GROUP: Final = Group("services", ALERTS)
