"""Subscribers in a table, or from a query, of your own database: SQLite or PostgreSQL, by a SQLAlchemy URL.

https://docs.sqlalchemy.org/en/21/core/engines.html#database-urls

The columns are those of a CSV file of subscribers: `email`, `status` and `opt_ins`, and where there are any `name`,
`locale`, `id`, `push`, `push_endpoint`, `push_p256dh`, `push_auth`, `channel`, `unsubscribe_url`; `columns` says which
are called otherwise. `opt_ins` is text parted by `;`, the JSON text of a list, or an array. Without an `id` the address
is the id. Nothing is written but unsubscriptions: to the status of a table, or by a statement of yours.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Self

from pydantic import Field, field_validator, model_validator
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.types import NullType

from ticket_pipeline.audiences._rows import OPTIONAL, REQUIRED
from ticket_pipeline.audiences._sql_database import identity, open_engine, transaction
from ticket_pipeline.audiences._sql_people import SqlPeople
from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.words import unknown

_AT_ONCE = 500
#: What no database takes as text.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class Config(AudienceConfig):
    """Which rows of which database."""

    url: str = Field(repr=False, description="SQLAlchemy URL: sqlite:///crm.db, postgresql+psycopg://user:pw@host/db")
    table: str | None = Field(
        default=None, pattern=rf"^({_NAME}\.)?{_NAME}$", description="Table of subscribers: people, or crm.people"
    )
    query: str | None = Field(default=None, description="Instead of a table: a SELECT that gives the subscribers")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Columns that are called otherwise over there: {email: mail_address}"
    )
    unsubscribe: str | None = Field(
        default=None, description="Statement that notes an unsubscription: UPDATE … SET … WHERE key = :id"
    )

    @field_validator("columns")
    @classmethod
    def _our_columns(cls, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if name not in {*REQUIRED, *OPTIONAL}:
                raise ValueError(unknown("column", name, (*REQUIRED, *OPTIONAL)))
        return given

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("names no source, or two; give either `table` or `query`")
        if self.unsubscribe is not None and ":id" not in self.unsubscribe:
            raise ValueError("`unsubscribe` does not use :id, so it would unsubscribe everybody or nobody")
        return self


def connect(config: Config) -> "SqlAudience":
    """Make the audience; the database is first spoken to when something is read.

    Raises:
        ConfigError: the URL cannot be used, or its driver is not installed.
    """
    return SqlAudience(config) if config.query and not config.unsubscribe else WritableSqlAudience(config)


class SqlAudience:
    """Rows that are only read; may be used by several threads and processes at once."""

    def __init__(self, config: Config) -> None:
        """Keep the engine; no connection is opened."""
        self.identity = identity(config.url, config.table or "query")
        self.engine = open_engine(config.url)
        self._config = config

    def subscribers(self) -> Iterator[Subscriber]:
        """Read every row, in one transaction, through a cursor."""
        with transaction(self.engine) as connection:
            yield from self._people(connection).everybody(connection)

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these people as they are now, some hundred in a transaction."""
        wanted = (each for each in dict.fromkeys(ids) if _storable(each))
        while some := list(islice(wanted, _AT_ONCE)):
            with transaction(self.engine) as connection:
                found = list(self._people(connection).read(connection, some))
            yield from found

    def check(self) -> Iterable[Finding]:
        """Look at reachability and columns, and count."""
        try:
            with transaction(self.engine) as connection:
                count = self._people(connection).count(connection)
        except TicketPipelineError as error:
            remedy = "do what the message says, then check again"
            yield Finding(level=Level.ERROR, what="sql audience", seen=str(error), remedy=remedy)
            return
        yield Finding(level=Level.OK, what="sql audience", seen=f"{count} rows in {self.identity}")

    def close(self) -> None:
        """Close idle connections."""
        self.engine.dispose()

    def _people(self, connection: Connection) -> SqlPeople:
        config = self._config
        return SqlPeople(connection, table=config.table, query=config.query, columns=config.columns)


class WritableSqlAudience(SqlAudience):
    """Rows of a table, or of a query with a statement that unsubscribes."""

    def unsubscribe(self, subscriber_id: str) -> None:
        """Note that this person wants no more; in a table, in all rows with the same address."""
        if not _storable(subscriber_id):
            return
        with transaction(self.engine, writing=True) as connection:
            if self._config.unsubscribe:
                # Without a type the database takes the id for what its column is.
                statement = text(self._config.unsubscribe).bindparams(bindparam("id", type_=NullType()))
                connection.execute(statement, {"id": subscriber_id})
            else:
                self._people(connection).unsubscribe(connection, subscriber_id)


def _storable(subscriber_id: str) -> bool:
    """Tell whether a database can hold this at all."""
    return bool(subscriber_id) and not _UNSTORABLE.search(subscriber_id)
