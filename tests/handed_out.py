"""Owns a message as the broker hands it out, without a broker."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from aiormq import spec
from aiormq.abc import DeliveredMessage
from pamqp.header import ContentHeader

if TYPE_CHECKING:
    from aiormq.abc import AbstractChannel
    from pamqp.common import FieldTable


def handed_out(headers: Mapping[str, object], body: bytes = b"", *, key: str | None = None) -> DeliveredMessage:
    """A message with these headers, for the first time, over no channel."""
    properties = spec.Basic.Properties(message_id=key, headers=cast("FieldTable", dict(headers)))
    deliver = spec.Basic.Deliver("tag", 1, redelivered=False, exchange="", routing_key="")
    return DeliveredMessage(deliver, ContentHeader(properties=properties), body, cast("AbstractChannel", None))
