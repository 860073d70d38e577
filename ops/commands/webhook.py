"""Owns the words `fleet webhook ...` and `fleet menu`: what Telegram is told about the bot."""

import typer
from aiogram.types import WebhookInfo

from ops.menu import set_menu
from ops.terminal import done, say, show
from ops.webhook import WebhookSettings, delete_webhook, set_webhook, webhook_info
from shared.settings import TelegramSettings, read

app = typer.Typer(no_args_is_help=True, help="Where Telegram delivers updates.")


@app.command("set")
def webhook_set() -> None:
    """Tell Telegram to deliver to TELEGRAM_WEBHOOK_URL; run it once the ingress is ready."""
    _show(done(set_webhook(read(WebhookSettings)), "Setting the webhook (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


@app.command("info")
def webhook_show() -> None:
    """Show what Telegram holds: the address, what waits, and its last error with it."""
    _show(done(webhook_info(read(TelegramSettings)), "Asking Telegram (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


@app.command("delete")
def webhook_delete() -> None:
    """Remove the webhook, as INGRESS_MODE=polling needs it; nothing that waits is dropped."""
    _show(done(delete_webhook(read(TelegramSettings)), "Deleting the webhook (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"))


def menu() -> None:
    """Tell Telegram's clients the bot's commands, in each language; run it after each release."""
    menus = done(set_menu(read(TelegramSettings)), "Setting the menu (TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)")
    say(f"{menus} menus are set: one for each language, and one for all others")


def _show(info: WebhookInfo) -> None:
    show((), [(name, str(value) or "(none)") for name, value in info.model_dump(exclude_none=True).items()])
