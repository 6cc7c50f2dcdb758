from collections.abc import Sequence
from decimal import Decimal

import pytest

from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.record import Value, content_hash
from ticket_pipeline.store import definitions, links
from ticket_pipeline.store.links import Clash, Link, LinkState
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, definition, minute, record

BOX = "sql:box"


def change(definition_id: str, action: Action = Action.CREATE, *, external_id: str | None = None) -> Change:
    writes = action in {Action.CREATE, Action.UPDATE}
    return Change(
        action=action,
        definition_id=definition_id,
        event_id="gala",
        external_id=external_id,
        record=record(definition_id, 3) if writes else None,
    )


def done(definition_id: str, action: Action = Action.CREATE, *, external_id: str | None = None) -> Outcome:
    return Outcome(change=change(definition_id, action, external_id=external_id), external_id=external_id)


def intend(state: SiteState, *changes: Change) -> None:
    with state.writing() as tx:
        links.intend(tx, state.site, BOX, changes, at=NOON)


def make(state: SiteState, *outcomes: Outcome) -> Sequence[Clash]:
    with state.writing() as tx:
        return links.made(tx, state.site, BOX, outcomes, at=minute(1))


def adopt(state: SiteState, *held: Held) -> Sequence[Clash]:
    with state.writing() as tx:
        return links.adopt(
            tx, state.site, BOX, held, event_ids={each.definition_id: "gala" for each in held}, at=minute(1)
        )


def read(state: SiteState) -> dict[str, Link]:
    with state.reading() as tx:
        return links.read(tx, state.site, BOX)


def states(state: SiteState) -> dict[str, tuple[LinkState, str | None]]:
    return {each: (link.state, link.external_id) for each, link in read(state).items()}


class TestIntend:
    def test_only_creates_are_intended(self, state: SiteState) -> None:
        intend(state, change("a"), change("b", Action.UPDATE), change("c", Action.DELETE))
        assert read(state) == {
            "a": Link(
                definition_id="a",
                event_id="gala",
                external_id=None,
                state=LinkState.INTENDED,
                fields={},
                content_hash=None,
                revision=None,
                written_at=NOON,
            )
        }
        intend(state)

    def test_a_create_intended_again_forgets_the_record_it_had(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        intend(state, change("a"))
        assert states(state) == {"a": (LinkState.INTENDED, None)}


class TestMade:
    def test_a_create_is_linked_with_what_was_written(self, state: SiteState) -> None:
        intend(state, change("a"))
        assert make(state, done("a", external_id="7")) == ()
        link = read(state)["a"]
        assert (link.state, link.external_id, link.revision) == (LinkState.LINKED, "7", 3)
        assert link.fields == record("a").fields
        assert link.content_hash == record("a").content_hash
        assert link.written_at == minute(1)

    def test_an_update_keeps_the_external_id_of_its_change(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        update = Outcome(change=change("a", Action.UPDATE, external_id="7"))
        make(state, update)
        assert states(state) == {"a": (LinkState.LINKED, "7")}

    def test_an_update_links_an_archived_record_again(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        make(state, done("a", Action.ARCHIVE, external_id="7"))
        make(state, done("a", Action.UPDATE, external_id="7"))
        assert states(state) == {"a": (LinkState.LINKED, "7")}

    def test_archived_and_deleted_records_keep_what_was_written(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"), done("b", external_id="8"))
        make(state, done("a", Action.ARCHIVE, external_id="7"), done("b", Action.DELETE, external_id="8"))
        assert states(state) == {"a": (LinkState.ARCHIVED, "7"), "b": (LinkState.DELETED, None)}
        assert all(link.fields == record("a").fields for link in read(state).values())

    def test_a_refused_change_leaves_its_link_alone(self, state: SiteState) -> None:
        intend(state, change("a"))
        make(state, Outcome(change=change("a"), code="not_allowed", reason="no"))
        assert states(state) == {"a": (LinkState.INTENDED, None)}

    def test_the_same_outcome_twice_is_one_link(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"), done("a", external_id="7"))
        assert make(state, done("a", external_id="7")) == ()
        assert states(state) == {"a": (LinkState.LINKED, "7")}

    def test_a_write_without_a_record_is_a_mistake_of_ours(self, state: SiteState) -> None:
        bare = Outcome(change=Change(action=Action.CREATE, definition_id="a", event_id="gala"))
        with pytest.raises(ValueError, match="create of a has no record"):
            make(state, bare)


class TestOneToOne:
    def test_an_external_record_of_another_definition_is_told_and_not_taken(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        clashes = make(state, done("b", external_id="7"), done("c", external_id="8"))
        assert clashes == (Clash(definition_id="b", external_id="7", holder="a"),)
        assert states(state) == {"a": (LinkState.LINKED, "7"), "c": (LinkState.LINKED, "8")}

    def test_two_definitions_found_with_one_record_are_told_apart(self, state: SiteState) -> None:
        held = [Held(definition_id=each, external_id="7", fields={}) for each in ("b", "a")]
        assert adopt(state, *held) == (Clash(definition_id="b", external_id="7", holder="a"),)
        assert states(state) == {"a": (LinkState.LINKED, "7")}

    def test_the_id_of_a_deleted_record_may_be_used_again(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        make(state, done("a", Action.DELETE, external_id="7"))
        assert make(state, done("b", external_id="7")) == ()

    def test_the_same_external_id_elsewhere_is_another_record(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"))
        with state.writing() as tx:
            assert links.made(tx, state.site, "sql:other", [done("b", external_id="7")], at=NOON) == ()
            assert links.made(tx, "other", BOX, [done("b", external_id="7")], at=NOON) == ()


class TestAdopt:
    def test_what_exists_is_linked_with_the_fields_as_found(self, state: SiteState) -> None:
        intend(state, change("a"))
        fields: dict[str, Value] = {"name": "edited by hand", "price": Decimal(9)}
        assert adopt(state, Held(definition_id="a", external_id="7", fields=fields)) == ()
        link = read(state)["a"]
        assert (link.state, link.external_id, link.revision) == (LinkState.LINKED, "7", None)
        assert link.fields == fields
        assert link.content_hash == content_hash(fields)

    def test_what_is_archived_there_is_archived_here(self, state: SiteState) -> None:
        adopt(state, Held(definition_id="a", external_id="7", fields={}, archived=True))
        assert states(state) == {"a": (LinkState.ARCHIVED, "7")}


class TestReading:
    def test_links_are_read_by_event_and_by_definition(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"), done("b", external_id="8"))
        with state.reading() as tx:
            assert links.read(tx, state.site, BOX, ["gala"]).keys() == {"a", "b"}
            assert links.read(tx, state.site, BOX, ["ball"]) == {}
            assert links.read(tx, state.site, "sql:other") == {}
            assert links.read_some(tx, state.site, BOX, ["b", "unknown"]).keys() == {"b"}
            assert links.event_ids(tx, state.site, BOX) == {"gala"}

    def test_forgotten_links_are_gone(self, state: SiteState) -> None:
        make(state, done("a", external_id="7"), done("b", external_id="8"))
        with state.writing() as tx:
            assert links.forget(tx, state.site, BOX, ["a", "unknown"]) == 1
        assert read(state).keys() == {"b"}

    def test_linked_definitions_that_died_are_doomed(self, state: SiteState) -> None:
        make(state, *(done(each, external_id=each) for each in ("alive", "dead", "archived", "unseen")))
        make(state, done("archived", Action.ARCHIVE))
        with state.writing() as tx:
            definitions.upsert_newer(tx, state.site, [definition("alive"), definition("dead")], read_at=NOON)
            definitions.tombstone(tx, state.site, ["dead", "archived", "never linked"], at=NOON, why="webhook")
            definitions.tombstone(tx, "other", ["alive"], at=NOON, why="webhook")
        with state.reading() as tx:
            assert links.doomed(tx, state.site, BOX) == {"dead"}
            assert links.count_linked(tx, state.site, BOX) == 3
            assert links.count_linked(tx, state.site, "sql:other") == 0


def test_external_ids_are_told_of_what_is_held_archived_or_not(state: SiteState) -> None:
    intend(state, *map(change, "abcd"))
    make(state, *(done(each, external_id=f"ext-{each}") for each in "abc"))
    make(state, done("b", Action.ARCHIVE, external_id="ext-b"), done("c", Action.DELETE, external_id="ext-c"))
    with state.reading() as tx:
        assert links.external_ids(tx, state.site, BOX) == {"a": "ext-a", "b": "ext-b"}
        assert links.external_ids(tx, state.site, "sql:other") == {}
