"""How the `sql` destination reads and writes a handful of records inside one transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, RowMapping, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ticket_pipeline.destinations._sql_tables import Tables
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.record import Part, Record, Value

Row = dict[str, Any]


def read(connection: Connection, tables: Tables, rows: Sequence[RowMapping]) -> list[Held]:
    """Turn rows of the table of tickets into what is held, with their parts."""
    parts = _read_parts(connection, tables, [row[ID_FIELD] for row in rows])
    return [_held(tables, row, parts) for row in rows]


def _held(tables: Tables, row: RowMapping, parts: Mapping[str, list[Row]]) -> Held:
    fields: dict[str, Value] = {name: row[name] for name in tables.fields}
    if tables.prices is not None:
        fields[tables.parts] = tuple(_part(tables.prices, part) for part in parts.get(row[ID_FIELD], []))
    return Held(definition_id=row[ID_FIELD], external_id=str(row["id"]), fields=fields, archived=bool(row["archived"]))


def _part(prices: Table, row: Row) -> Part:
    return {name: row[name] for name in _part_fields(prices)}


def _part_fields(prices: Table) -> list[str]:
    return [column.name for column in prices.columns if column.name not in {ID_FIELD, "position"}]


def write(connection: Connection, tables: Tables, changes: Sequence[Change]) -> list[Outcome]:
    """Make changes of different tickets, one outcome each and in their order."""
    ids = _external_ids(connection, tables, [change.definition_id for change in changes])
    wanted = [change.record for change in changes if change.record and _lives(change, ids)]
    _insert(connection, tables, [record for record in wanted if record.definition_id not in ids])
    _update(connection, tables, [record for record in wanted if record.definition_id in ids])
    _write_parts(connection, tables, wanted)
    _archive(connection, tables, _of(changes, Action.ARCHIVE))
    _delete(connection, tables, _of(changes, Action.DELETE))
    if any(record.definition_id not in ids for record in wanted):
        ids |= _external_ids(connection, tables, [record.definition_id for record in wanted])
    return [_outcome(change, ids.get(change.definition_id)) for change in changes]


def _lives(change: Change, ids: Mapping[str, str]) -> bool:
    return change.action is Action.CREATE or (change.action is Action.UPDATE and change.definition_id in ids)


def _of(changes: Sequence[Change], action: Action) -> list[str]:
    return [change.definition_id for change in changes if change.action is action]


def _outcome(change: Change, external_id: str | None) -> Outcome:
    """Say what became of a change: a record that is gone is done with for a delete, and missed by all else."""
    if change.action is Action.DELETE:
        return Outcome(change=change, external_id=external_id or change.external_id)
    if external_id is None:
        reason = f"sql: no record holds the Wix id {change.definition_id}; somebody removed it"
        return Outcome(change=change, code="not_found", reason=reason)
    return Outcome(change=change, external_id=external_id)


def _external_ids(connection: Connection, tables: Tables, definition_ids: Collection[str]) -> dict[str, str]:
    """Find the records' own ids, and hold the rows until the transaction ends."""
    columns = tables.tickets.columns
    found = select(columns[ID_FIELD], columns["id"]).where(columns[ID_FIELD].in_(definition_ids))
    rows = connection.execute(found.order_by(columns[ID_FIELD]).with_for_update())
    return {definition_id: str(external_id) for definition_id, external_id in rows}


def _insert(connection: Connection, tables: Tables, records: Sequence[Record]) -> None:
    """Insert records; one that another process inserted meanwhile becomes an update."""
    if not records:
        return
    rows = [{ID_FIELD: record.definition_id, **_row(tables, record)} for record in records]
    connection.execute(_upsert(connection, tables), rows)


def _upsert(connection: Connection, tables: Tables) -> Insert:
    if connection.dialect.name == "sqlite":
        on_sqlite = sqlite.insert(tables.tickets)
        taken = {name: on_sqlite.excluded[name] for name in (*tables.fields, "archived")}
        return on_sqlite.on_conflict_do_update(index_elements=[ID_FIELD], set_=taken)
    on_postgresql = postgresql.insert(tables.tickets)
    taken = {name: on_postgresql.excluded[name] for name in (*tables.fields, "archived")}
    return on_postgresql.on_conflict_do_update(index_elements=[ID_FIELD], set_=taken)


def _update(connection: Connection, tables: Tables, records: Sequence[Record]) -> None:
    if not records:
        return
    bound = {name: f"new_{at}" for at, name in enumerate((*tables.fields, "archived"))}
    statement = (
        update(tables.tickets)
        .where(tables.tickets.columns[ID_FIELD] == bindparam("wix_id"))
        .values({name: bindparam(key) for name, key in bound.items()})
    )
    rows = [(record.definition_id, _row(tables, record)) for record in records]
    connection.execute(
        statement, [{"wix_id": wix_id, **{bound[name]: it for name, it in row.items()}} for wix_id, row in rows]
    )


def _row(tables: Tables, record: Record) -> Row:
    return {**{name: record.fields.get(name) for name in tables.fields}, "archived": False}


def _archive(connection: Connection, tables: Tables, definition_ids: Sequence[str]) -> None:
    if definition_ids:
        concerned = tables.tickets.columns[ID_FIELD].in_(definition_ids)
        connection.execute(update(tables.tickets).where(concerned).values(archived=True))


def _delete(connection: Connection, tables: Tables, definition_ids: Sequence[str]) -> None:
    if definition_ids:
        for table in reversed(tables.all):
            connection.execute(delete(table).where(table.columns[ID_FIELD].in_(definition_ids)))


def _read_parts(connection: Connection, tables: Tables, definition_ids: Collection[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    if tables.prices is None or not definition_ids:
        return found
    columns = tables.prices.columns
    rows = select(tables.prices).where(columns[ID_FIELD].in_(definition_ids)).order_by(columns["position"])
    for row in connection.execute(rows).mappings():
        found.setdefault(row[ID_FIELD], []).append(dict(row))
    return found


def _write_parts(connection: Connection, tables: Tables, records: Sequence[Record]) -> None:
    """Bring the parts of these records to what they should be, touching only rows that differ."""
    if tables.prices is None or not records:
        return
    prices = tables.prices
    held = _read_parts(connection, tables, [record.definition_id for record in records])
    new: list[Row] = []
    changed: list[Row] = []
    gone: list[Row] = []
    for record in records:
        there = {row[tables.key]: row for row in held.get(record.definition_id, [])}
        for row in _part_rows(tables, prices, record):
            before = there.pop(row[tables.key], None)
            if before is None:
                new.append(row)
            elif before != row:
                changed.append(row)
        gone.extend(there.values())
    _write_part_rows(connection, prices, tables.key, new, changed, gone)


def _part_rows(tables: Tables, prices: Table, record: Record) -> list[Row]:
    parts = record.fields.get(tables.parts) or ()
    if not isinstance(parts, tuple):
        raise ValueError(f"field {tables.parts!r} is no list of parts")
    names = _part_fields(prices)
    ours = [{ID_FIELD: record.definition_id, "position": at} for at in range(len(parts))]
    return [{**own, **{name: part.get(name) for name in names}} for own, part in zip(ours, parts, strict=True)]


def _write_part_rows(
    connection: Connection, prices: Table, key: str, new: list[Row], changed: list[Row], gone: list[Row]
) -> None:
    columns = prices.columns
    this = (columns[ID_FIELD] == bindparam("wix_id")) & (columns[key] == bindparam("part_key"))
    if gone:
        connection.execute(
            delete(prices).where(this), [{"wix_id": row[ID_FIELD], "part_key": row[key]} for row in gone]
        )
    if changed:
        names = [name for name in changed[0] if name not in {ID_FIELD, key}]
        statement = update(prices).where(this).values({name: bindparam(f"new_{name}") for name in names})
        connection.execute(
            statement,
            [
                {"wix_id": row[ID_FIELD], "part_key": row[key], **{f"new_{name}": row[name] for name in names}}
                for row in changed
            ],
        )
    if new:
        connection.execute(insert(prices), new)
