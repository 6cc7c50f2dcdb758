"""Statistics: what PostgreSQL's planner must know of our tables. It looks for itself, but a minute late.

Until it has looked it believes that a site is a handful of rows, and reads all of them for each question about some.
https://www.postgresql.org/docs/current/sql-analyze.html
"""

from sqlalchemy import text

from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import metadata

#: Pages below which a table is read whole just as fast.
_SMALL = 16
#: By its size, which is known at once; counts of rows are told with a delay.
_GROWN = text(
    "SELECT relname FROM pg_class WHERE oid IN (SELECT to_regclass(name) FROM unnest(CAST(:ours AS text[])) AS name)"
    " AND pg_relation_size(oid) > 2 * greatest(relpages, :small) * current_setting('block_size')::bigint"
    " ORDER BY relname"
)


def keep_up(tx: Transaction) -> list[str]:
    """Have the planner look at those of our tables that have doubled since it last did; return their names.

    To be called between the handfuls of whatever writes many rows. A table that somebody else is looking at is left to
    them. SQLite goes by its indexes alone.
    """
    if tx.dialect.name != "postgresql":
        return []
    grown = list(tx.scalars(_GROWN, {"ours": sorted(metadata.tables), "small": _SMALL}))
    if grown:
        tx.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(grown)}"))
    return grown
