"""Errors named after what the caller should do: stop, wait, or bury and go on."""


class TicketPipelineError(Exception):
    """Base of every error this package raises on purpose; its text is fit to show a person."""


class ConfigError(TicketPipelineError):
    """Stop before touching anything: a setting, credential or right is wrong and only a person can mend it."""


class TransientError(TicketPipelineError):
    """Wait and try again: the other side, or the way to it, is unwell."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Keep the seconds the other side asked us to wait, where it said so."""
        super().__init__(message)
        self.retry_after = retry_after


class RejectedError(TicketPipelineError):
    """Bury this one and go on: it was refused and the same request will be refused again."""

    def __init__(self, message: str, *, code: str) -> None:
        """Keep a stable code (`not_found`, `revision_conflict`, …) beside the sentence."""
        super().__init__(message)
        self.code = code


class NotFoundError(RejectedError):
    """The thing asked for does not exist (any more)."""

    def __init__(self, message: str) -> None:
        """Carry the code `not_found`."""
        super().__init__(message, code="not_found")
