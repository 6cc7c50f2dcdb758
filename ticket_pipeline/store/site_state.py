"""The state of one site: its database and its name."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from ticket_pipeline.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class SiteState:
    """What flows are given to remember things in."""

    database: Database
    site: str

    def writing(self) -> AbstractContextManager[Transaction]:
        """Open a transaction; see `Database.writing`."""
        return self.database.writing()

    def noting(self) -> AbstractContextManager[Transaction]:
        """Open a cheaper transaction for what a power cut may take back; see `Database.noting`."""
        return self.database.noting()

    def reading(self) -> AbstractContextManager[Transaction]:
        """Open a view; see `Database.reading`."""
        return self.database.reading()
