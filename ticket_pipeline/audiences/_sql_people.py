"""The rows of a table or query, read as subscribers, and the one change that is made to them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    TableClause,
    cast,
    column,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    update,
)

from ticket_pipeline.audiences._rows import OPTIONAL, REQUIRED, merged, read_row
from ticket_pipeline.audiences._sql_database import NORMAL_ADDRESS
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus, normal_address

_READ_AT_ONCE = 500
_STRICT = (SubscriberStatus.UNSUBSCRIBED.value, SubscriberStatus.SUPPRESSED.value)


class SqlPeople:
    """The rows, by our names for their columns, as they stand in one transaction."""

    def __init__(
        self, connection: Connection, *, table: str | None, query: str | None, columns: Mapping[str, str]
    ) -> None:
        """See which columns there are.

        Raises:
            ConfigError: one that is needed, or was named, is not there.
        """
        star: ColumnElement[object] = literal_column("*")
        everything = select(star).select_from(_source(table, query, ())).limit(0)
        present = tuple(connection.execute(everything).keys())
        named = _named(present, columns, where=table or "the query")
        self._source = _source(table, query, present)
        self._columns = {ours: self._source.c[theirs] for ours, theirs in named.items()}
        email = cast(self._columns["email"], String)
        sqlite = connection.dialect.name == "sqlite"
        self._address: ColumnElement[str] = (
            getattr(func, NORMAL_ADDRESS)(email) if sqlite else func.lower(func.trim(email))
        )

    def everybody(self, connection: Connection) -> Iterator[Subscriber]:
        """Read every row, through a cursor."""
        return self._read(connection.execution_options(yield_per=_READ_AT_ONCE), self._select())

    def count(self, connection: Connection) -> int:
        """Count the rows."""
        return connection.scalar(select(func.count()).select_from(self._source)) or 0

    def read(self, connection: Connection, ids: Sequence[str]) -> Iterator[Subscriber]:
        """Read these, each once, and as strictly as the strictest row of the same address."""
        entries: dict[str, list[Subscriber]] = {each: [] for each in ids}
        for listed in self._read(connection, self._select().where(self._may_be(ids))):
            entries.get(listed.id, []).append(listed)
        said = self._said(connection, _addresses(each for some in entries.values() for each in some))
        for some in entries.values():
            if some:
                yield merged(some, twins=[status for address in _addresses(some) for status in said[address]])

    def unsubscribe(self, connection: Connection, subscriber_id: str) -> None:
        """Set the status of the person's rows, and of all with the same address, unless it is stricter."""
        if not isinstance(self._source, TableClause):
            raise ConfigError("sql audience: a query cannot be written to; give a statement under `unsubscribe`")
        addresses = _addresses(self.read(connection, [subscriber_id]))
        status = self._columns["status"]
        theirs = or_(self._may_be([subscriber_id]), self._address.in_(addresses))
        strict = func.lower(func.trim(cast(status, String))).in_(_STRICT)
        due = update(self._source).where(theirs, or_(status.is_(None), not_(strict)))
        connection.execute(due.values({status.name: SubscriberStatus.UNSUBSCRIBED.value}))

    def _select(self) -> Select[tuple[object, ...]]:
        return select(*(theirs.label(ours) for ours, theirs in self._columns.items()))

    def _read(self, connection: Connection, rows: Select[tuple[object, ...]]) -> Iterator[Subscriber]:
        with connection.execute(rows) as found:
            for number, row in enumerate(found.mappings(), start=1):
                yield read_row({str(name): value for name, value in row.items()}, place=f"row {number}")

    def _may_be(self, ids: Sequence[str]) -> ColumnElement[bool]:
        """Find rows by all that may be their id: the column, the address, the push subscription."""
        named = [cast(self._columns[name], String) for name in ("id", "push_endpoint") if name in self._columns]
        return or_(*(each.in_(ids) for each in (*named, self._address)))

    def _said(self, connection: Connection, addresses: Collection[str]) -> Mapping[str, list[SubscriberStatus]]:
        """Give every status that any row gives each of these addresses."""
        said: dict[str, list[SubscriberStatus]] = {each: [] for each in addresses}
        if addresses:
            for listed in self._read(connection, self._select().where(self._address.in_(addresses))):
                said.get(normal_address(listed.email or ""), []).append(listed.status)
        return said


def _addresses(listed: Iterable[Subscriber]) -> set[str]:
    return {normal_address(each.email) for each in listed if each.email}


def _source(table_name: str | None, query: str | None, columns: Sequence[str]) -> TableClause | Subquery:
    if table_name:
        schema, _, name = table_name.rpartition(".")
        return table(name, *map(column, columns), schema=schema or None)
    # A colon in the query is the query's own.
    escaped = (query or "").strip().rstrip(";").replace(":", r"\:")
    return text(escaped).columns(*map(column, columns)).subquery("people")


def _named(present: Sequence[str], columns: Mapping[str, str], *, where: str) -> dict[str, str]:
    """Find our columns among theirs, as they are spelled, or else whatever the case."""
    folded = {name.lower(): name for name in reversed(present)}
    found: dict[str, str] = {}
    for ours in (*REQUIRED, *OPTIONAL):
        theirs = columns.get(ours, ours)
        if theirs in present or theirs.lower() in folded:
            found[ours] = theirs if theirs in present else folded[theirs.lower()]
        elif ours in REQUIRED or ours in columns:
            seen = f"it has: {', '.join(present)}; say under `columns` what {ours} is called there"
            raise ConfigError(f"sql audience: {where} has no column {theirs!r}; {seen}")
    return found
