"""Plans of PostgreSQL's that fit the tables as they are: ours grow from nothing to a whole site within one connection.

psycopg prepares what it has sent some times, and PostgreSQL then keeps one plan for good: made for an empty table, it
reads all of a full one. And it takes a cursor for something of which only the first rows are wanted: for their order's
sake it walks a whole index past what was not asked for.
https://www.postgresql.org/docs/current/runtime-config-query.html#RUNTIME-CONFIG-QUERY-OTHER
"""

from typing import Any

#: What a server does not have is left alone.
_PLAN_AFRESH = (
    "SELECT set_config(name, CASE name WHEN 'plan_cache_mode' THEN 'force_custom_plan' ELSE '1' END, false)"
    " FROM pg_settings WHERE name IN ('plan_cache_mode', 'cursor_tuple_fraction')"
)


def plan_afresh(connection: Any, _: object) -> None:
    """Have each statement planned when it is sent, and all of its rows be wanted; for SQLAlchemy's event `connect`."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAN_AFRESH)
    connection.commit()
