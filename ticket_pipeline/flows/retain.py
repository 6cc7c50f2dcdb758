"""Retain: clear away what has been kept for as long as was declared, and nothing that is still needed."""

import logging
from collections.abc import Callable
from datetime import datetime

from ticket_pipeline.model.retention import Ages, Kept, RetainReport
from ticket_pipeline.store import retention
from ticket_pipeline.store.retention import Key
from ticket_pipeline.store.site_state import SiteState

log = logging.getLogger(__name__)

_AT_ONCE = 500
#: Seconds between two batches in which others write: a webhook that lands waits for one batch at most.
_BREATH = 0.02


def retain(
    state: SiteState,
    ages: Ages,
    *,
    now: datetime,
    sleep: Callable[[float], None],
    preview: bool = False,
    at_once: int = _AT_ONCE,
) -> RetainReport:
    """Clear our state of what is older than its age; in a preview, only count it.

    Safe beside everything else, itself included: what is looked up is removed only if it is still over then. What a
    power cut takes back is cleared away the next time.

    Raises:
        TransientError, ConfigError: the database cannot be written. What was cleared away stays so.
    """
    clearing = _Clearing(state, now, sleep, at_once)
    act = clearing.count if preview else clearing.clear
    removed = {kind: act(kind, now - age) for kind, age in ages.of_state.items()}
    if not preview and any(removed.values()):
        log.info("retained", extra={"site": state.site, **{kind.value: count for kind, count in removed.items()}})
    return RetainReport(removed=removed)


class _Clearing:
    """Clears away one kind after another."""

    def __init__(self, state: SiteState, now: datetime, sleep: Callable[[float], None], at_once: int) -> None:
        self._state, self._now, self._sleep, self._at_once = state, now, sleep, at_once

    def count(self, kind: Kept, before: datetime) -> int:
        with self._state.reading() as tx:
            return retention.shelf(tx, self._state.site, kind, before=before).count(tx)

    def clear(self, kind: Kept, before: datetime) -> int:
        with self._state.reading() as tx:
            shelf = retention.shelf(tx, self._state.site, kind, before=before)
        removed = 0
        last: Key | None = None
        while True:
            with self._state.reading() as tx:
                keys = shelf.old(tx, after=last, limit=self._at_once)
            if keys:
                with self._state.noting() as tx:
                    removed += shelf.remove(tx, keys, at=self._now)
            if len(keys) < self._at_once:
                return removed
            last = keys[-1]
            self._sleep(_BREATH)
