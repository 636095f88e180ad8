"""What every reader of files has in common."""

from __future__ import annotations

from app.errors import DomainError


class BadFile(DomainError):
    """A file that cannot be taken in at all; the message names it."""

    def __init__(self, message: str, /, **params: object) -> None:
        super().__init__(message, field="file", **params)
