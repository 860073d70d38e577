"""Owns the words of the command `fleet`: each reads its settings, does one thing, and says what it did.

Exit status: 0 done, 1 failed (the last line says what to do), 2 wrong settings or words.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
import typer
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramNetworkError
from aiogram.types import WebhookInfo
from rich.console import Console
from rich.table import Table

from ops.migrate import migrate as run_migrations
from ops.webhook import WebhookSettings, delete_webhook, set_webhook, webhook_info
from shared.settings import DatabaseSettings, TelegramSettings, read

app = typer.Typer(no_args_is_help=True, help="Operate the check-in fleet.", pretty_exceptions_enable=False)
webhook = typer.Typer(no_args_is_help=True, help="Where Telegram delivers updates.")
app.add_typer(webhook, name="webhook")
console = Console(highlight=False)

T = TypeVar("T")


def _done(work: Coroutine[Any, Any, T], what: str) -> T:
    """Run the work; end with status 1 and one sentence if it fails."""
    try:
        return asyncio.run(work)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, AiogramError) as problem:
        console.print(f"{what} failed: {_said(problem)}", markup=False)
        raise typer.Exit(1) from problem


def _said(problem: Exception) -> str:
    """What went wrong; without the text of a network error, which holds the Bot API's address and in it the token."""
    kind = type(problem).__name__
    if isinstance(problem, TelegramNetworkError | ClientDecodeError):
        return f"{kind} ({type(problem.__cause__).__name__})"
    return f"{kind}: {problem}"


@app.command()
def migrate() -> None:
    """Bring the database's schema to this release (safe to run twice, or many at once)."""
    settings = read(DatabaseSettings)
    before, after = _done(
        run_migrations(settings.database_url.get_secret_value()), "Migrating (is DATABASE_URL right and the server up?)"
    )
    console.print(f"schema {after}: nothing to do" if before == after else f"schema {before or 'empty'} -> {after}")


@webhook.command("set")
def webhook_set() -> None:
    """Tell Telegram to deliver to TELEGRAM_WEBHOOK_URL; run it once the ingress is ready."""
    _show(_done(set_webhook(read(WebhookSettings)), "Setting the webhook (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


@webhook.command("info")
def webhook_show() -> None:
    """Show what Telegram holds: the address, what waits, and its last error with it."""
    _show(_done(webhook_info(read(TelegramSettings)), "Asking Telegram (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


@webhook.command("delete")
def webhook_delete() -> None:
    """Remove the webhook, as INGRESS_MODE=polling needs it; nothing that waits is dropped."""
    _show(_done(delete_webhook(read(TelegramSettings)), "Deleting the webhook (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


def _show(info: WebhookInfo) -> None:
    table = Table(show_header=False)
    for name, value in info.model_dump(exclude_none=True).items():
        table.add_row(name, str(value) or "(none)")
    console.print(table)
