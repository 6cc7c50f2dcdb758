"""How much of the inbox waits is told without reading it."""

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import backlog, inbox, schema
from ticket_pipeline.store.backlog import Backlog
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.inbox import State
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.store.query_plan import how_sqlite_reads

SITE = "box_office"


def land(database: Database, *keys: str, site: str = SITE, at: int = 0) -> None:
    envelopes = [
        Envelope(key=key, topic="t", instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={})
        for key in keys
    ]
    with database.writing() as tx:
        inbox.land(tx, site, envelopes, at=minute(at))


def test_an_empty_inbox_has_no_backlog(database: Database) -> None:
    with database.reading() as tx:
        assert backlog.newest(tx, SITE) == 0
        assert backlog.look(tx, SITE) is None


def test_only_what_waits_counts(database: Database) -> None:
    land(database, "one", "two")
    land(database, "three", at=5)
    land(database, "elsewhere", site="another")
    with database.writing() as tx:
        inbox.finish(tx, SITE, [1], State.DONE, at=minute(6))
    with database.reading() as tx:
        assert backlog.newest(tx, SITE) == 3
        assert backlog.look(tx, SITE) == Backlog(count=2, first=2, last=3, oldest_landed_at=minute(0))


def test_what_somebody_works_on_can_be_left_out(database: Database) -> None:
    land(database, "one", "two", "three")
    with database.reading() as tx:
        found = backlog.look(tx, SITE, after=2)
        assert found is not None
        assert (found.count, found.first) == (1, 3)
        assert backlog.look(tx, SITE, after=3) is None


def test_settled_entries_are_not_gone_through(database: Database) -> None:
    with database.reading() as tx:
        if tx.dialect.name != "sqlite":
            return
        query = backlog.waiting(SITE, schema.inbox.c.landed_at)
        (how,) = how_sqlite_reads(tx, lambda: tx.execute(query))
        (newest,) = how_sqlite_reads(tx, lambda: backlog.newest(tx, SITE))
    assert "inbox_waiting" in how
    assert "COVERING INDEX inbox_waiting" in newest
