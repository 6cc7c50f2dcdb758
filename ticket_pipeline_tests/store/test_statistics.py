"""The planner knows our tables, and plans for what is in them, while they grow."""

import pytest
from sqlalchemy import text

from ticket_pipeline.store import records, statistics
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, record

#: Of a handful among many, as `records.read` asks for it.
_HANDFUL = ", ".join(f"'event-{at:04}'" for at in range(200, 240))
_READ = (
    "EXPLAIN DECLARE handful CURSOR FOR SELECT fields FROM records"
    f" WHERE site = 'box_office' AND event_id IN ({_HANDFUL}) ORDER BY event_id, definition_id"
)


def fill(tx: Transaction, state: SiteState, events: range) -> None:
    some = [record(f"{at:04}-{each}", event_id=f"event-{at:04}") for at in events for each in range(10)]
    records.replace(tx, state.site, some, at=NOON)


@pytest.fixture
def on_postgresql(state: SiteState) -> SiteState:
    if state.database.file is not None:
        pytest.skip("SQLite goes by its indexes alone")
    return state


def test_sqlite_is_not_asked(state: SiteState) -> None:
    if state.database.file is None:
        pytest.skip("PostgreSQL is")
    with state.writing() as tx:
        fill(tx, state, range(200))
        assert statistics.keep_up(tx) == []


def test_a_table_is_looked_at_when_it_has_doubled(on_postgresql: SiteState) -> None:
    state = on_postgresql
    seen = []
    for events in (range(1), range(1, 400), range(400, 401), range(401, 1200)):
        with state.writing() as tx:
            fill(tx, state, events)
            seen.append(statistics.keep_up(tx))
    assert seen == [[], ["records"], [], ["records"]]


def test_a_handful_is_read_by_the_index_on_its_events(on_postgresql: SiteState) -> None:
    state = on_postgresql
    with state.writing() as tx:
        fill(tx, state, range(1000))
        statistics.keep_up(tx)
    with state.reading() as tx:
        plan = "\n".join(tx.scalars(text(_READ)))
    (condition,) = [line for line in plan.splitlines() if "Index Cond" in line]
    assert "event_id" in condition, plan


def test_a_statement_sent_often_is_planned_for_the_table_as_it_has_become(on_postgresql: SiteState) -> None:
    with on_postgresql.reading() as tx:
        assert tx.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
        assert tx.scalar(text("SHOW cursor_tuple_fraction")) == "1"
