"""The whole page: self-contained, refreshed by the browser, cheap enough to be looked at during a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

from simulator.page import chart, talk
from simulator.page.style import STYLE
from simulator.report import Figures, figures
from simulator.windows import per_second

if TYPE_CHECKING:
    from simulator.server import Simulator

LATEST_CHATS = 10
SHARE_OF_TIME = 20
"""The page is drawn anew after at least this many times as long as drawing it took, and a second."""


class Page:
    """Draws the state of one simulator."""

    def __init__(self, telegram: Simulator) -> None:
        self._telegram = telegram
        self._drawn = ""
        self._good_until = 0.0

    async def show(self, _: web.Request) -> web.Response:
        """Answer `GET /`."""
        begin = time.monotonic()
        if begin >= self._good_until:
            self._drawn = render(self._telegram)
            took = time.monotonic() - begin
            self._good_until = begin + max(1.0, took * SHARE_OF_TIME)
        return web.Response(text=self._drawn, content_type="text/html")


def render(telegram: Simulator) -> str:
    """The page as it is now."""
    now = figures(telegram)
    talks = "".join(talk.draw(chat) for chat in telegram.chats.latest(LATEST_CHATS)) or "<p>Nobody spoke yet.</p>"
    webhook = "webhook set" if telegram.webhook else "no webhook yet"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>Telegram, simulated</title><style>{STYLE}</style></head><body>"
        f"<h1>Telegram, simulated <small>{webhook}, {telegram.updates.pending} updates waiting</small></h1>"
        f'<section class="cards">{_cards(now)}</section>'
        f"<h2>Calls arriving per second</h2><section>{_chart(telegram, now)}</section>"
        f'<h2>Latest conversations</h2><section class="phones">{talks}</section>'
        "</body></html>"
    )


def _chart(telegram: Simulator, now: Figures) -> str:
    if now.last_call is None:
        return "<p>No call has arrived yet.</p>"
    calls = telegram.ledger.calls
    begin = calls[0].arrived if now.first_update is None else min(now.first_update, calls[0].arrived)
    counts = per_second((call.arrived for call in calls), begin, now.last_call)
    return chart.draw(counts, telegram.config.limits.overall)


def _cards(now: Figures) -> str:
    replies = ", ".join(f"{count}: {people}" for count, people in sorted(now.replies_per_person.items()))
    cards = (
        ("updates taken", f"{now.webhook_accepted} of {now.updates}", False),
        ("calls", str(now.calls), False),
        ("calls refused", str(now.refused_calls), now.refused_calls > 0),
        ("most in any 1.0 s", str(now.most_in_one_second), False),
        ("replies: people", replies or "–", False),
        ("with address", str(now.with_address), False),
        ("calls per update", _number(now.calls_per_update), False),
        ("webhook p50 / p99", f"{_ms(now.webhook_p50)} / {_ms(now.webhook_p99)}", False),
        ("update to reply p50 / p99", f"{_ms(now.reply_p50)} / {_ms(now.reply_p99)}", False),
        ("drain against 30/s", _number(now.drain_ratio), False),
        ("worst lag here", _ms(now.worst_lag), False),
    )
    return "".join(
        f'<div class="card{" bad" if bad else ""}"><b>{value}</b><span>{name}</span></div>'
        for name, value, bad in cards
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
