import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import definitions
from ticket_pipeline.store.definitions import Counts
from ticket_pipeline.store.newer import Upserted
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, definition, minute

_SITES = count()


def upsert(state: SiteState, *some: TicketDefinition) -> Upserted:
    with state.writing() as tx:
        return definitions.upsert_newer(tx, state.site, some, read_at=NOON)


def bury(state: SiteState, *ids: str, event_id: str | None = None) -> int:
    with state.writing() as tx:
        return definitions.tombstone(tx, state.site, ids, event_id=event_id, at=NOON, why="webhook")


def revisions(state: SiteState) -> dict[str, int]:
    with state.reading() as tx:
        return {each.id: each.revision for each in definitions.live(tx, state.site)}


def tombstones(state: SiteState, event_ids: Sequence[str] | None = None) -> dict[str, str | None]:
    with state.reading() as tx:
        return definitions.tombstones(tx, state.site, event_ids)


class TestNewerWins:
    def test_a_first_reading_is_created(self, state: SiteState) -> None:
        assert upsert(state, definition("b"), definition("a")) == Upserted(created=("a", "b"))
        assert revisions(state) == {"a": 1, "b": 1}

    def test_a_higher_revision_overwrites(self, state: SiteState) -> None:
        upsert(state, definition("a", 1))
        assert upsert(state, definition("a", 2)) == Upserted(changed=("a",))
        with state.reading() as tx:
            kept = definitions.get(tx, state.site, "a")
        assert kept is not None
        assert kept.name == "Balcony 2"

    def test_a_lower_revision_is_stale_even_when_changed_later(self, state: SiteState) -> None:
        upsert(state, definition("a", 10, updated=minute(0)))
        assert upsert(state, definition("a", 9, updated=minute(5))) == Upserted(stale=1)
        assert revisions(state) == {"a": 10}

    def test_revisions_are_compared_as_numbers(self, state: SiteState) -> None:
        upsert(state, definition("a", 9))
        assert upsert(state, definition("a", 10)).changed == ("a",)

    def test_a_revision_may_have_64_bits(self, state: SiteState) -> None:
        upsert(state, definition("a", 2**63 - 2))
        assert upsert(state, definition("a", 2**63 - 1)).changed == ("a",)

    def test_the_same_reading_again_is_unchanged(self, state: SiteState) -> None:
        upsert(state, definition("a"))
        assert upsert(state, definition("a")) == Upserted(unchanged=1)

    def test_the_same_revision_changed_later_overwrites(self, state: SiteState) -> None:
        upsert(state, definition("a", 3, updated=minute(0)))
        assert upsert(state, definition("a", 3, updated=minute(1))).changed == ("a",)
        assert upsert(state, definition("a", 3, updated=minute(0))).stale == 1

    def test_a_reading_with_a_time_is_newer_than_one_without(self, state: SiteState) -> None:
        upsert(state, definition("a", updated=None))
        assert upsert(state, definition("a", updated=None)).unchanged == 1
        assert upsert(state, definition("a", updated=NOON)).changed == ("a",)
        assert upsert(state, definition("a", updated=None)).stale == 1

    def test_an_empty_page_changes_nothing(self, state: SiteState) -> None:
        assert upsert(state) == Upserted()

    def test_a_definition_twice_in_a_page_is_counted_twice_and_kept_once(self, state: SiteState) -> None:
        twice = definition("a", 2)
        assert upsert(state, definition("a", 1), twice, twice) == Upserted(created=("a",), unchanged=1, stale=1)
        assert revisions(state) == {"a": 2}

    def test_sites_do_not_see_each_other(self, state: SiteState) -> None:
        other = SiteState(database=state.database, site="other")
        upsert(state, definition("a", 5))
        assert upsert(other, definition("a", 1)).created == ("a",)
        assert bury(other, "a") == 1
        assert revisions(state) == {"a": 5}


class TestGaps:
    def test_a_jump_over_a_known_revision_is_a_gap(self, state: SiteState) -> None:
        upsert(state, definition("a", 1))
        assert upsert(state, definition("a", 4)).gaps == (("a", 1, 4),)

    def test_the_next_revision_is_no_gap(self, state: SiteState) -> None:
        upsert(state, definition("a", 1))
        assert upsert(state, definition("a", 2)).gaps == ()

    def test_a_first_reading_is_no_gap_whatever_its_revision(self, state: SiteState) -> None:
        assert upsert(state, definition("a", 7)).gaps == ()

    def test_revisions_in_one_page_close_the_gap(self, state: SiteState) -> None:
        upsert(state, definition("a", 1))
        assert upsert(state, definition("a", 3), definition("a", 2)).gaps == ()
        assert upsert(state, definition("a", 4), definition("a", 6)).gaps == (("a", 4, 6),)


class TestTombstones:
    def test_nothing_revives_the_dead(self, state: SiteState) -> None:
        upsert(state, definition("a", 1))
        assert bury(state, "a") == 1
        assert upsert(state, definition("a", 99)) == Upserted(buried_tombstones=1)
        assert revisions(state) == {}
        assert tombstones(state) == {"a": "gala"}

    def test_a_delete_that_arrives_first_leaves_a_tombstone(self, state: SiteState) -> None:
        assert bury(state, "a") == 1
        assert tombstones(state) == {"a": None}
        assert upsert(state, definition("a")).buried_tombstones == 1
        assert revisions(state) == {}

    def test_a_tombstone_learns_its_event_from_a_late_reading(self, state: SiteState) -> None:
        bury(state, "a")
        upsert(state, definition("a", event_id="ball"))
        assert tombstones(state, ["ball"]) == {"a": "ball"}

    def test_a_tombstone_learns_its_event_from_a_second_delete(self, state: SiteState) -> None:
        bury(state, "a")
        assert bury(state, "a", event_id="ball") == 0
        assert tombstones(state) == {"a": "ball"}

    def test_only_the_newly_dead_are_counted(self, state: SiteState) -> None:
        upsert(state, definition("a"), definition("b"))
        assert bury(state, "a", "a") == 1
        assert bury(state, "a", "b", "unseen") == 2
        assert bury(state) == 0

    def test_the_first_reason_stands(self, state: SiteState) -> None:
        bury(state, "a")
        with state.writing() as tx:
            definitions.tombstone(tx, state.site, ["a"], at=minute(9), why="later")
            why = tx.exec_driver_sql("SELECT deleted_why FROM ticket_definitions").scalar()
        assert why == "webhook"


class TestReading:
    def test_live_definitions_come_by_event_and_id(self, state: SiteState) -> None:
        upsert(state, definition("c", event_id="a"), definition("a", event_id="b"), definition("b", event_id="a"))
        with state.reading() as tx:
            assert [each.id for each in definitions.live(tx, state.site)] == ["b", "c", "a"]
            assert [each.id for each in definitions.live(tx, state.site, ["b"])] == ["a"]
            assert list(definitions.live(tx, state.site, [])) == []

    def test_more_events_than_fit_into_one_statement_are_read(self, state: SiteState) -> None:
        upsert(state, *(definition(f"d{number}", event_id=f"e{number}") for number in range(1100)))
        events = [f"e{number}" for number in range(1100)]
        with state.reading() as tx:
            assert sum(1 for _ in definitions.live(tx, state.site, events)) == 1100
            assert len(definitions.live_ids(tx, state.site, events)) == 1100
        assert bury(state, *(f"d{number}" for number in range(1100))) == 1100
        assert len(tombstones(state, events)) == 1100

    def test_an_event_without_definitions_has_an_empty_set(self, state: SiteState) -> None:
        upsert(state, definition("a"), definition("b"), definition("dead"))
        bury(state, "dead")
        with state.reading() as tx:
            assert definitions.live_ids(tx, state.site, ["gala", "ball"]) == {"gala": {"a", "b"}, "ball": set()}

    def test_the_dead_and_the_unknown_are_not_got(self, state: SiteState) -> None:
        upsert(state, definition("a"))
        bury(state, "a")
        with state.reading() as tx:
            assert definitions.get(tx, state.site, "a") is None
            assert definitions.get(tx, state.site, "unknown") is None

    def test_counts_part_the_living_from_the_dead(self, state: SiteState) -> None:
        upsert(state, definition("a"), definition("b"), definition("c", event_id="ball"))
        bury(state, "b", "unseen")
        with state.reading() as tx:
            assert definitions.counts(tx, state.site) == Counts(live=2, tombstones=2, per_event={"gala": 1, "ball": 1})


class TestBody:
    def test_what_wix_sent_comes_back_without_what_no_revision_orders(self, state: SiteState) -> None:
        volatile: dict[str, Any] = {
            "salesDetails": {"unsoldCount": 3},
            "eventDetails": {},
            "seatingDetails": {},
            "saleStatus": "X",
        }
        sent = definition("a", extendedFields={"namespaces": {"@a/b": {"n": [1, 2.5, None, True]}}}, **volatile)
        upsert(state, sent)
        with state.reading() as tx:
            kept = definitions.get(tx, state.site, "a")
        assert kept is not None
        assert kept.body == {name: value for name, value in sent.body.items() if name not in volatile}
        assert kept.sales is None

    @pytest.mark.parametrize("name", ["Ąžuolas", "🎟", "half an emoji \ud83c", "nul \x00", "'; DROP TABLE events; --"])
    def test_any_text_comes_back_as_it_was(self, state: SiteState, name: str) -> None:
        upsert(state, definition("a", name=name))
        with state.reading() as tx:
            kept = definitions.get(tx, state.site, "a")
        assert kept is not None
        assert kept.name == name


class TestAnyOrder:
    _IDS = ("a", "b", "c")
    _READINGS = st.tuples(st.sampled_from(_IDS), st.integers(1, 5))
    _PAGES = st.tuples(st.just("page"), st.lists(_READINGS, max_size=4))
    _DELETES = st.tuples(st.just("delete"), st.sampled_from(_IDS))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=st.lists(_PAGES | _DELETES, max_size=12))
    def test_any_order_and_repetition_ends_in_the_same_state(self, state: SiteState, steps: list[tuple]) -> None:  # type: ignore[type-arg]
        here = SiteState(database=state.database, site=f"site{next(_SITES)}")
        highest: dict[str, int] = {}
        dead: set[str] = set()
        for kind, what in steps:
            if kind == "delete":
                bury(here, what)
                dead.add(what)
            else:
                kept = upsert(here, *(definition(each, revision) for each, revision in what))
                counted = len(kept.created) + len(kept.changed) + kept.unchanged + kept.stale
                assert counted + kept.buried_tombstones == len(what)
                highest |= {each: max(revision, highest.get(each, 0)) for each, revision in sorted(what)}
        assert revisions(here) == {each: revision for each, revision in highest.items() if each not in dead}
        assert tombstones(here) == {each: "gala" if each in highest else None for each in dead}


class TestWritersAtOnce:
    def test_the_highest_revision_stays_and_each_creation_is_told_once(self, state: SiteState) -> None:
        ids = [f"d{number}" for number in range(20)]
        together = threading.Barrier(4)

        def write(seed: int) -> list[str]:
            random = Random(seed)
            created: list[str] = []
            together.wait()
            for _ in range(8):
                page = [definition(each, random.randint(1, 9)) for each in random.sample(ids, 12)]
                created += upsert(state, *page).created
            created += upsert(state, *(definition(each, 9) for each in ids)).created
            return created

        with ThreadPoolExecutor(4) as pool:
            told = Counter(each for created in pool.map(write, range(4)) for each in created)
        assert told == Counter(ids)
        assert revisions(state) == dict.fromkeys(ids, 9)

    def test_a_lower_revision_that_waited_for_a_higher_one_is_stale(self, state: SiteState) -> None:
        with ThreadPoolExecutor(1) as pool:
            with state.writing() as tx:
                definitions.upsert_newer(tx, state.site, [definition("a", 3)], read_at=NOON)
                late = pool.submit(upsert, state, definition("a", 2))
            assert late.result() == Upserted(stale=1)
        assert revisions(state) == {"a": 3}
