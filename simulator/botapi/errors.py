"""The Bot API's refusals, as they stand in its answers.

ApiError
├── BadRequestError       400
│   └── MigratedError     carries migrate_to_chat_id
├── UnauthorizedError     401
├── ForbiddenError        403
├── MethodNotFoundError   404
├── ConflictError         409
├── EntityTooLargeError   413
├── TooManyRequestsError  429, carries retry_after
└── ServerError           5xx, only on request of `Faults`
"""

from __future__ import annotations

from typing import Any, ClassVar


class ApiError(Exception):
    """A call that is refused; its text is the answer's description."""

    code: ClassVar[int]
    prefix: ClassVar[str] = ""

    def __init__(self, reason: str) -> None:
        super().__init__(self.prefix + reason)

    @property
    def status(self) -> int:
        """The HTTP status, which the body repeats."""
        return self.code

    def body(self) -> dict[str, Any]:
        """The answer."""
        return {"ok": False, "error_code": self.status, "description": str(self)}


class BadRequestError(ApiError):
    """The call is wrong and stays wrong."""

    code = 400
    prefix = "Bad Request: "


class MigratedError(BadRequestError):
    """The group lives on as a supergroup, under another id."""

    def __init__(self, new_id: int) -> None:
        super().__init__("group chat was upgraded to a supergroup chat")
        self.new_id = new_id

    def body(self) -> dict[str, Any]:
        """The answer, with the id that works."""
        return {**super().body(), "parameters": {"migrate_to_chat_id": self.new_id}}


class UnauthorizedError(ApiError):
    """The token is not this bot's."""

    code = 401


class ForbiddenError(ApiError):
    """The person does not want to hear of the bot."""

    code = 403
    prefix = "Forbidden: "


class MethodNotFoundError(ApiError):
    """There is no such method."""

    code = 404
    prefix = "Not Found: "


class ConflictError(ApiError):
    """Two ways of receiving updates at once."""

    code = 409
    prefix = "Conflict: "


class EntityTooLargeError(ApiError):
    """A file is larger than bots may send."""

    code = 413


class TooManyRequestsError(ApiError):
    """A flood limit was passed."""

    code = 429
    prefix = "Too Many Requests: "

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after}")
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The answer, with the seconds to wait."""
        return {**super().body(), "parameters": {"retry_after": self.retry_after}}


class ServerError(ApiError):
    """Telegram itself is in trouble."""

    code = 500

    def __init__(self, status: int) -> None:
        super().__init__({500: "Internal Server Error", 502: "Bad Gateway"}.get(status, "Server Error"))
        self._status = status

    @property
    def status(self) -> int:
        """The 5xx that was asked for."""
        return self._status
