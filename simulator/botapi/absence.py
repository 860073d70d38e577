"""Owns the reasons for which a chat cannot be written to, in Telegram's words."""

from __future__ import annotations

import enum

from simulator.botapi.errors import ApiError, BadRequestError, ForbiddenError


class Absence(enum.Enum):
    """Why nothing reaches a chat; for good, or until the person writes again."""

    BLOCKED = ForbiddenError, "bot was blocked by the user"
    DEACTIVATED = ForbiddenError, "user is deactivated"
    NEVER_STARTED = ForbiddenError, "bot can't initiate conversation with a user"
    KICKED = ForbiddenError, "bot was kicked from the group chat"
    KICKED_FROM_SUPERGROUP = ForbiddenError, "bot was kicked from the supergroup chat"
    GROUP_DELETED = ForbiddenError, "the group chat was deleted"
    NOT_FOUND = BadRequestError, "chat not found"
    PRIVATE_NOT_FOUND = BadRequestError, "private chat not found"
    INVALID_PEER = BadRequestError, "PEER_ID_INVALID"

    def refusal(self) -> ApiError:
        """The answer to a call for such a chat."""
        kind: type[ApiError]
        kind, reason = self.value
        return kind(reason)
