"""Refusals in the log: said at once, and under a flood only now and then."""

import logging
from datetime import datetime, timedelta

log = logging.getLogger(__name__)

_PAUSE = timedelta(seconds=10)


class RefusalLog:
    """Writes a line for the first refusal of its kind, then one per ten seconds with how many there were."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: dict[tuple[str, str], datetime] = {}
        self._unsaid: dict[tuple[str, str], int] = {}

    def note(self, site: str, code: str, *, at: datetime) -> None:
        """Say it, or count it; `site` is one of ours or the empty text, never a word of the sender's."""
        kind = (site, code)
        self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
        said = self._said.get(kind)
        if said is None or at - said >= _PAUSE:
            log.warning("refused", extra={"code": code, "site": site or None, "times": self._unsaid.pop(kind)})
            self._said[kind] = at
