"""How a flow tells somebody watching how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a flow."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Hear that `done` of `total` (None: not known yet) of a step are done."""


def unwatched(step: str, done: int, total: int | None) -> None:
    """Nobody watches."""
