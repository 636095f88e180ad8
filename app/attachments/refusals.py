"""The error of every check of a file's content."""

from app.core.errors import DomainError


class BadContent(DomainError):
    """A file that is not taken because of what is in it; nothing of it is kept."""
