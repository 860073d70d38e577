"""Owns the words `fleet webhook ...` and `fleet menu`: what Telegram is told about the bot."""

from typing import TYPE_CHECKING, Final

import typer

from ops.menu import set_menu
from ops.terminal import done, say, show
from ops.webhook import WebhookAddress, WebhookSettings, delete_webhook, set_webhook, webhook_info
from shared.settings import TelegramSettings, read
from shared.webhook import SETTINGS, Setting, Webhook, held, ours

if TYPE_CHECKING:
    from aiogram.types import WebhookInfo

app = typer.Typer(no_args_is_help=True, help="Where Telegram delivers updates.")

DIFFERS: Final = 3
"""Exit status of a plan with something to do: 1 and 2 mean that nobody knows."""
VARIABLES: Final = "(TELEGRAM_API_URL, TELEGRAM_BOT_TOKEN)"


@app.command("plan")
def webhook_plan() -> None:
    """Show what Telegram holds, what it should, and what waits there. Status 0: the same; 3: `apply` has work."""
    settings = read(WebhookAddress)
    info = done(webhook_info(settings), f"Asking Telegram {VARIABLES}")
    if drift := _compared(info, ours(settings.telegram_webhook_url)):
        say(f"Telegram holds another {', another '.join(drift)}: `fleet webhook apply` mends it")
        raise typer.Exit(DIFFERS)
    say("as it should be; only the secret cannot be seen, which `fleet webhook apply` tells again")


@app.command("apply")
def webhook_apply() -> None:
    """Have Telegram deliver to TELEGRAM_WEBHOOK_URL with TELEGRAM_WEBHOOK_SECRET; run it once the ingress is ready."""
    settings = read(WebhookSettings)
    info = done(set_webhook(settings), f"Setting the webhook {VARIABLES}")
    if drift := _compared(info, ours(settings.telegram_webhook_url)):
        say(f"Telegram took it and holds another {', another '.join(drift)} all the same: does somebody else set it?")
        raise typer.Exit(1)
    say("Telegram holds this, and the secret")


@app.command("delete")
def webhook_delete() -> None:
    """Remove the webhook, as INGRESS_MODE=polling needs it; nothing that waits is dropped."""
    info = done(delete_webhook(read(TelegramSettings)), f"Deleting the webhook {VARIABLES}")
    say(f"Telegram calls nobody now; {info.pending_update_count} updates wait there, for a day, to be polled")


def menu() -> None:
    """Tell Telegram's clients the bot's commands, in each language; run it after each release."""
    menus = done(set_menu(read(TelegramSettings)), f"Setting the menu {VARIABLES}")
    say(f"{menus} menus are set: one for each language, and one for all others")


def _compared(info: "WebhookInfo", wish: Webhook) -> list[Setting]:
    """Show what Telegram holds beside the wish, and what else it says; returns what differs."""
    has = held(info)
    drift = has.drift(wish)
    rows = [
        (setting, _said(getattr(has, setting)), _said(getattr(wish, setting)), "differs" if setting in drift else "")
        for setting in SETTINGS
    ]
    others = [(name, _said(value), "", "") for name, value in info.model_dump(exclude_none=True).items()]
    show(("", "at Telegram", "should be", ""), [*rows, *(row for row in others if row[0] not in SETTINGS)])
    return drift


def _said(value: object) -> str:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) and value else str(value or "(none)")
