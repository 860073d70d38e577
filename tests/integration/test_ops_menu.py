"""`fleet menu`: Telegram's clients offer the commands, in each language."""

import re

from ops.menu import COMMANDS, menu
from shared.texts import LANGUAGES
from simulator.server import Simulator
from tests.integration.ops_side import fleet


async def test_the_menu_is_set_for_everybody_and_for_each_language() -> None:
    async with Simulator() as telegram:
        settings = {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_API_URL": telegram.url}
        said = await fleet("postgresql://not-asked", "menu", **settings)
        assert (said.status, said.out) == (0, "5 menus are set: one for each language, and one for all others\n")
        set_for = [call.params.get("language_code") for call in telegram.ledger.other_calls]
        assert set_for == [None, *LANGUAGES]


def test_every_command_of_the_menu_is_one_that_telegram_takes() -> None:
    """1 to 32 of a-z, 0-9 and _, described in 1 to 256 characters."""
    for language in LANGUAGES:
        for command in menu(language):
            assert re.fullmatch(r"[a-z0-9_]{1,32}", command.command)
            assert 1 <= len(command.description) <= 256
    assert len(COMMANDS) <= 100
