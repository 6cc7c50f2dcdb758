"""One rate budget per site, shared by every process that works on this state."""

import time
from collections.abc import Callable

from sqlalchemy import select, update

from ticket_pipeline.store.database import Database, Transaction
from ticket_pipeline.store.schema import budgets
from ticket_pipeline.store.upsert import insert_into
from ticket_pipeline.wix.budget import Level, draw, full

_T = budgets.c


class SharedBudget:
    """A `ticket_pipeline.wix.budget.Budget` whose level lies in the database."""

    def __init__(
        self, database: Database, site: str, requests_per_minute: int, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Share the site's budget; the clock gives seconds that all processes agree on.

        Raises:
            ConfigError: the limit is too low to work with.
        """
        self._database = database
        self._site = site
        self._requests_per_minute = requests_per_minute
        self._clock = clock
        self._full = full(requests_per_minute, now=clock())

    def take(self, *, urgent: bool = False) -> float:
        """Take one request, or tell how long to wait; see `Budget.take`.

        Raises:
            TransientError, ConfigError: the database cannot be written.
        """
        with self._database.noting() as tx:
            before = self._level(tx)
            after, wait = draw(before, now=self._clock(), requests_per_minute=self._requests_per_minute, urgent=urgent)
            if wait == 0.0:
                this = update(budgets).where(_T.site == self._site)
                tx.execute(this.values(tokens=after.tokens, at=after.at))
        return wait

    def _level(self, tx: Transaction) -> Level:
        """Read the level and keep others from it until the transaction ends."""
        query = select(_T.tokens, _T.at).where(_T.site == self._site).with_for_update()
        found = tx.execute(query).one_or_none()
        if found is None:
            first = {"site": self._site, "tokens": self._full.tokens, "at": self._full.at}
            tx.execute(insert_into(tx, budgets).on_conflict_do_nothing(), first)
            found = tx.execute(query).one()
        tokens, at = found
        return Level(tokens=tokens, at=at)
