"""Owns the way of a request for a file: a process makes it, who is shown is written down, then it goes to the sender.

What happens if this process dies:
- before the file is queued for the sender: the broker hands the request out again, and the file is made again;
- after that: made again, it goes out under the same key, which the sender calls once.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from checkin_worker.lateness import lateness
from checkin_worker.oversight import NOTE
from checkin_worker.reports.month import Month
from checkin_worker.reports.process import TIME_LIMIT, NotMadeError, make_in
from checkin_worker.reports.request import Made, ReportRequest
from shared.contracts import FILE_LIMIT, File, OutboundCall, decode, encode
from shared.database import PrimaryPool
from shared.delivery import Delivery, Done, Retry, Verdict
from shared.publisher import Headers, Publisher
from shared.texts import texts_in
from shared.topology import FILES, INTERACTIVE, REPORTS

log = structlog.get_logger()

DEADLINE: Final = TIME_LIMIT + 30
"""Seconds for the file, and for what is done with it."""


class ReportHandler:
    """Handles the messages of the queue `reports`.

    Args:
        pool: for writing down who was looked at.
        publisher: for what goes to the sender.
        environment: of the process that makes the file; this one's, when not given.
    """

    def __init__(self, pool: PrimaryPool, publisher: Publisher, environment: Mapping[str, str] | None = None) -> None:
        self._pool = pool
        self._publisher = publisher
        self._environment = os.environ if environment is None else environment

    async def __call__(self, delivery: Delivery) -> Verdict:
        """Make the file and send it; when the last try has failed, say so to whoever waits.

        Raises:
            Undecodable: not a request.
            DatabaseUnavailable, BrokerUnavailable: to be tried again as it is.
        """
        request = decode(ReportRequest, delivery.body)
        with tempfile.TemporaryDirectory(prefix="report-") as folder:
            try:
                call = await self._answer(request, Path(folder))
            except NotMadeError as problem:
                if delivery.tries >= len(REPORTS.retries):
                    await self._publish(_sorry(request, "report-failed"), delivery.trail)
                return Retry(str(problem))
        await self._publish(call, delivery.trail)
        return Done()

    async def _answer(self, request: ReportRequest, folder: Path) -> OutboundCall:
        """The call that brings the file, or says that it is too large; who is shown in it is written down."""
        started = time.monotonic()
        made = await make_in(folder, request, self._environment)
        file = folder / made.file
        size = file.stat().st_size
        log.info(
            "report_made",
            kind=request.kind,
            people=len(made.people),
            rows=made.rows,
            bytes=size,
            peak_mib=made.peak_mib,
            ms=round((time.monotonic() - started) * 1e3),
        )
        if size > FILE_LIMIT:
            return _sorry(request, "report-too-large")
        if made.people:
            async with self._pool.connection() as db:
                await db.execute(NOTE, request.user_id, "report", sorted(made.people), request.update_id)
        return _brought(request, made, file.read_bytes())

    async def _publish(self, call: OutboundCall, trail: Headers) -> None:
        queue = FILES if call.file else INTERACTIVE
        await self._publisher.publish(queue.name, encode(call), key=call.key, headers=trail)


def _brought(request: ReportRequest, made: Made, content: bytes) -> OutboundCall:
    """The call that sends the file."""
    texts = texts_in(request.language)
    if request.kind == "month":
        month = Month.named(request.month).title(request.language)
        caption = texts.say("report-caption", month=month, people=len(made.people))
    else:
        caption = texts.say("mydata-caption")
    file = File("document", made.file, content)
    return msgspec.structs.replace(_call(request, "report", "sendDocument", {"caption": caption}), file=file)


def _sorry(request: ReportRequest, message_id: str) -> OutboundCall:
    """The call that says why no file comes; under another key, should one come later all the same."""
    text = texts_in(request.language).say(message_id, month=request.month)
    return _call(request, message_id, "sendMessage", {"text": text})


def _call(request: ReportRequest, name: str, method: str, params: dict[str, str]) -> OutboundCall:
    late_after, late_note = lateness(method, request.language)
    return OutboundCall(
        key=f"{request.update_id}:{name}",
        chat_id=request.user_id,
        method=method,
        params={"chat_id": request.user_id, **params},
        created_at=time.time(),
        asked_at=request.asked_at,
        late_after=late_after,
        late_note=late_note,
    )
