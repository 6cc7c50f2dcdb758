"""How SQLite goes about a question: through which index, and whether it has to sort."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from ticket_pipeline.store.database import Transaction


def how_sqlite_reads(tx: Transaction, ask: Callable[[], object]) -> list[str]:
    """Tell the steps of the plan for the last statement that this asks; https://www.sqlite.org/eqp.html."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    event.listen(tx, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(tx, "before_cursor_execute", note)
    statement, values = asked[-1]
    return [how for *_, how in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
