"""The command `fleet`, for operators."""

import shared.lean_aiogram  # noqa: F401 - before anything imports aiogram
