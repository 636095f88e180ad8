"""What a domain function raises when a person asked for something that cannot be done."""


class DomainError(Exception):
    """One clear sentence for the user, kept apart from its figures so that a view can translate it.

    `message` is the Vietnamese sentence and gettext msgid, with named placeholders (`%(year)s`); `params`
    fills them; `field` names the form field or argument at fault, if one is.
    A view shows `gettext(error.message, **error.params)`; the command line prints `str(error)`.
    """

    def __init__(self, message: str, /, *, field: str | None = None, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params
        self.field = field

    def __str__(self) -> str:
        # Without params the text is taken as it is, as gettext does: a lone "%" is then no placeholder.
        return self.message % self.params if self.params else self.message


class NotFound(DomainError):
    """The thing asked for does not exist, or is not for this person to see."""


class NotAllowed(DomainError):
    """The person may not do this."""


class Conflict(DomainError):
    """The thing exists already, or was changed meanwhile by somebody else."""
