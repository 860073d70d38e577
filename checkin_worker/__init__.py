"""The domain: what an update means for attendance, and what is answered. Any number of equal copies."""

import shared.lean_aiogram  # noqa: F401 - before anything imports aiogram
