"""The only door to Telegram: decides which call goes next, and lets no more out than Telegram takes."""

import shared.lean_aiogram  # noqa: F401 - before anything imports aiogram
