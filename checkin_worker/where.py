"""Owns how a handler says what an update must hold: by one of aiogram's magic filters, asked without a thread."""

from typing import TYPE_CHECKING, Any

from aiogram.filters import Filter

if TYPE_CHECKING:
    from aiogram.types import TelegramObject
    from magic_filter import MagicFilter


class Where(Filter):
    """Lets an update through of which this holds, and hands on what `.as_(name)` keeps of it.

    Given the magic filter itself, aiogram asks it in another thread, as it does with all that is no coroutine: that
    costs twenty times the question, and each update is asked several.
    """

    def __init__(self, holds: "MagicFilter") -> None:
        self._holds = holds

    async def __call__(self, event: "TelegramObject") -> Any:  # noqa: ANN401 - as magic_filter declares what it finds
        """What it finds; nothing true if it does not hold."""
        return self._holds.resolve(event)
