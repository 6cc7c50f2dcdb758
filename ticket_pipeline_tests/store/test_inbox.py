from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.retention import Kept
from ticket_pipeline.store import inbox, retention
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.inbox import Entry, Landed, State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.store.query_plan import how_sqlite_reads

ORDER = "wix.events.ticketing.events.OrderDeleted"


def envelope(
    key: str,
    *,
    entity_id: str | None = "balcony",
    body: dict[str, Any] | None = None,
    topic: str = "wix.events.v3.ticket_definition_updated",
) -> Envelope:
    return Envelope(
        key=key,
        topic=topic,
        instance_id="instance",
        entity_id=entity_id,
        event_id="gala",
        occurred_at=minute(0),
        sequence=7,
        anonymise=True,
        body={"name": "Balc\ud83dny \x00"} if body is None else body,
    )


def land(state: SiteState, *keys: str, at: int = 0, ignored: Sequence[str] = ()) -> Landed:
    with state.writing() as tx:
        return inbox.land(tx, state.site, [envelope(key) for key in keys], at=minute(at), ignored=ignored)


def everything(state: SiteState) -> list[Entry]:
    with state.reading() as tx:
        return inbox.after(tx, state.site, 0, 1000)


def waiting(state: SiteState, limit: int = 100) -> list[str]:
    with state.reading() as tx:
        return [entry.envelope.key for entry in inbox.waiting(tx, state.site, limit)]


def seqs(state: SiteState) -> dict[str, int]:
    return {entry.envelope.key: entry.seq for entry in everything(state)}


def finish(state: SiteState, *keys: str, as_: State = State.DONE) -> None:
    numbers = seqs(state)
    with state.writing() as tx:
        inbox.finish(tx, state.site, [numbers[key] for key in keys], as_, at=minute(5))


def test_what_landed_is_read_back_as_it_was(state: SiteState) -> None:
    assert land(state, "a", at=3) == Landed(new=("a",))
    (entry,) = everything(state)
    assert entry == Entry(
        seq=entry.seq,
        envelope=envelope("a"),
        landed_at=minute(3),
        deliveries=1,
        state=State.LANDED,
        processed_at=None,
        attempts=0,
    )
    assert entry.envelope.body == envelope("a").body


def test_a_repeat_raises_the_deliveries_and_nothing_else(state: SiteState) -> None:
    land(state, "a", at=1)
    finish(state, "a")
    before = everything(state)[0]
    assert land(state, "a", "b", at=9) == Landed(new=("b",), repeated=("a",))
    after = everything(state)[0]
    assert (after.deliveries, after.state) == (2, State.DONE)
    assert (after.landed_at, after.seq) == (before.landed_at, before.seq)


def test_repeats_within_one_batch_are_repeats(state: SiteState) -> None:
    assert land(state, "a", "b", "a", "a") == Landed(new=("a", "b"), repeated=("a", "a"))
    assert land(state, "a", "a") == Landed(repeated=("a", "a"))
    assert [entry.deliveries for entry in everything(state)] == [5, 1]


def test_landing_nothing_is_nothing(state: SiteState) -> None:
    assert land(state) == Landed()


def test_a_large_batch_lands_whole(state: SiteState) -> None:
    keys = [f"k{number:04}" for number in range(1200)]
    assert land(state, *keys).new == tuple(keys)
    assert len(land(state, *keys).repeated) == 1200


def test_an_ignored_entry_is_there_and_waits_for_nothing(state: SiteState) -> None:
    land(state, "a", "b", at=2, ignored=["b"])
    assert waiting(state) == ["a"]
    assert [(entry.state, entry.processed_at) for entry in everything(state)] == [
        (State.LANDED, None),
        (State.IGNORED, minute(2)),
    ]


def test_what_waits_is_seen_oldest_first(state: SiteState) -> None:
    land(state, "c", "a")
    land(state, "b")
    assert waiting(state) == ["c", "a", "b"]
    assert waiting(state, 2) == ["c", "a"]


@pytest.mark.parametrize("state_", [State.DONE, State.IGNORED, State.BURIED])
def test_what_is_finished_waits_no_more(state: SiteState, state_: State) -> None:
    land(state, "a", "b")
    finish(state, "a", as_=state_)
    assert waiting(state) == ["b"]
    assert (everything(state)[0].state, everything(state)[0].processed_at) == (state_, minute(5))


def test_an_effect_that_is_undone_leaves_its_entries_waiting(state: SiteState) -> None:
    land(state, "a")
    with suppress(ZeroDivisionError), state.writing() as tx:
        claimed = inbox.claim(tx, state.site, 10)
        inbox.finish(tx, state.site, [entry.seq for entry in claimed], State.DONE, at=minute(1))
        raise ZeroDivisionError
    assert waiting(state) == ["a"]


def test_an_attempt_that_came_to_nothing_is_counted(state: SiteState) -> None:
    land(state, "a")
    for _ in range(2):
        with state.writing() as tx:
            inbox.tried(tx, state.site, seqs(state).values())
    assert everything(state)[0].attempts == 2


def test_what_is_reopened_waits_again(state: SiteState) -> None:
    land(state, "a", "b")
    finish(state, "a", "b")
    with state.writing() as tx:
        inbox.reopen(tx, state.site, [seqs(state)["b"]])
    assert waiting(state) == ["b"]
    assert everything(state)[1].processed_at is None


def test_who_asks_to_be_forgotten_is_and_a_repeat_does_not_bring_them_back(state: SiteState) -> None:
    with state.writing() as tx:
        inbox.land(tx, state.site, [envelope("a", entity_id="order-1", topic=ORDER), envelope("b")], at=minute(0))
        assert inbox.forget(tx, state.site, ["order-1", "unknown"]) == 1
    with state.writing() as tx:
        assert inbox.land(tx, state.site, [envelope("a", entity_id="order-1", topic=ORDER)], at=minute(1)).new == ()
    forgotten, other = everything(state)
    assert (forgotten.envelope.entity_id, forgotten.envelope.body) == (None, {})
    assert other.envelope == envelope("b")


def test_the_depth_is_told_by_site(state: SiteState) -> None:
    other = SiteState(database=state.database, site="other")
    land(state, "a", at=1)
    land(state, "b", at=2)
    land(other, "a", "b", at=3)
    finish(other, "a", "b")
    with state.reading() as tx:
        assert inbox.depth(tx) == {state.site: (2, minute(1))}


def test_sites_land_the_same_key_apart(state: SiteState) -> None:
    other = SiteState(database=state.database, site="other")
    assert land(state, "a").new == land(other, "a").new == ("a",)
    finish(state, "a")
    assert waiting(other) == ["a"]


def test_numbers_grow_and_reading_goes_on_after_one(state: SiteState) -> None:
    with state.reading() as tx:
        assert inbox.last_seq(tx, state.site) == 0
    land(state, "a", "b", "c")
    numbers = list(seqs(state).values())
    assert numbers == sorted(numbers)
    with state.reading() as tx:
        assert inbox.last_seq(tx, state.site) == numbers[-1]
        assert [entry.envelope.key for entry in inbox.after(tx, state.site, numbers[0], 1)] == ["b"]


def test_entries_are_found_by_key_and_by_what_they_are_about(state: SiteState) -> None:
    with state.writing() as tx:
        inbox.land(tx, state.site, [envelope("a"), envelope("b", entity_id="stalls"), envelope("c")], at=minute(0))
    with state.reading() as tx:
        assert [entry.envelope.key for entry in inbox.of_entity(tx, state.site, "balcony")] == ["a", "c"]
        assert inbox.of_entity(tx, "other", "balcony") == []
        assert inbox.numbers(tx, state.site, ["b", "unknown"]) == {"b": seqs(state)["b"]}
        assert inbox.numbers(tx, "other", ["b"]) == {}


def test_a_number_is_never_given_twice(database: Database) -> None:
    state = SiteState(database=database, site="box_office")
    land(state, "a")
    (first,) = seqs(state).values()
    with database.writing() as tx:
        tx.exec_driver_sql("DELETE FROM inbox")
    land(state, "b")
    assert seqs(state)["b"] > first


def test_many_who_land_the_same_at_once_land_it_once(url: str) -> None:
    databases = [open_database(url) for _ in range(4)]
    keys = [f"k{number}" for number in range(20)]

    def land_all(database: Database) -> list[Landed]:
        state = SiteState(database=database, site="box_office")
        return [land(state, key, "shared") for key in keys]

    with ThreadPoolExecutor(4) as threads:
        landed = [each for result in threads.map(land_all, databases) for each in result]
    state = SiteState(database=databases[0], site="box_office")
    assert sorted(key for each in landed for key in each.new) == sorted([*keys, "shared"])
    assert {e.envelope.key: e.deliveries for e in everything(state)} == {**dict.fromkeys(keys, 4), "shared": 80}
    for database in databases:
        database.close()


def test_two_workers_on_postgresql_never_get_the_same_entry(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    state = SiteState(database=database, site="box_office")
    land(state, "a", "b", "c")
    with state.writing() as one, state.writing() as two:
        first = [entry.envelope.key for entry in inbox.claim(one, state.site, 2)]
        second = [entry.envelope.key for entry in inbox.claim(two, state.site, 2)]
    assert (first, second) == (["a", "b"], ["c"])
    database.close()


def test_no_question_goes_through_a_sites_whole_inbox_nor_sorts_it(state: SiteState) -> None:
    with state.reading() as tx:
        if tx.dialect.name != "sqlite":
            return
        everything_old = retention.shelf(tx, state.site, Kept.INBOX, before=minute(9))
        questions: dict[str, Callable[[], object]] = {
            "COVERING INDEX inbox_by_site (site=?)": lambda: inbox.last_seq(tx, state.site),
            "INDEX inbox_by_site (site=? AND seq>?)": lambda: inbox.after(tx, state.site, 7, 100),
            "INDEX inbox_by_site (site=? AND seq>? AND seq<?)": lambda: everything_old.old(tx, after=(7,), limit=9),
            "INDEX inbox_waiting (site=? AND state=?)": lambda: inbox.waiting(tx, state.site, 100),
        }
        found = {wanted: how_sqlite_reads(tx, ask) for wanted, ask in questions.items()}
    assert found == {wanted: [f"SEARCH inbox USING {wanted}"] for wanted in questions}
