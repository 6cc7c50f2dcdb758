from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from ticket_pipeline.model.record import Record
from ticket_pipeline.store import records
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, record


def keep(state: SiteState, *some: Record) -> int:
    with state.writing() as tx:
        return records.replace(tx, state.site, some, at=NOON)


def read(state: SiteState, *event_ids: str) -> list[Record]:
    with state.reading() as tx:
        return list(records.read(tx, state.site, event_ids or None))


def test_a_record_comes_back_as_it_was(state: SiteState) -> None:
    sent = Record(
        definition_id="a",
        event_id="gala",
        revision=3,
        fields={
            "name": "Balcony 🎟",
            "price": Decimal("65.50"),
            "limit": None,
            "hidden": False,
            "starts": datetime(2026, 6, 1, 10, tzinfo=UTC),
            "options": ({"name": "child", "price": Decimal(5)},),
        },
        losses=("the minimum of 5 EUR",),
    )
    assert keep(state, sent) == 1
    assert read(state) == [sent]
    assert read(state)[0].content_hash == sent.content_hash


def test_an_unchanged_record_costs_no_write(state: SiteState) -> None:
    keep(state, record("a"), record("b"))
    assert keep(state, record("a"), record("b")) == 0
    assert keep(state, record("a", price=Decimal(70)), record("b")) == 1
    assert keep(state) == 0


def test_the_same_price_spelt_otherwise_is_unchanged(state: SiteState) -> None:
    keep(state, record("a", price=Decimal("5.00")))
    assert keep(state, record("a", price=Decimal(5))) == 0


def test_a_new_revision_or_loss_is_kept_even_when_the_fields_are_the_same(state: SiteState) -> None:
    keep(state, record("a", 1))
    assert keep(state, record("a", 2)) == 1
    assert keep(state, replace(record("a", 2), losses=("the description",))) == 1
    assert [(each.revision, each.losses) for each in read(state)] == [(2, ("the description",))]


def test_a_record_mapped_from_an_older_revision_is_left_out(state: SiteState) -> None:
    keep(state, record("a", 5, name="new"))
    assert keep(state, record("a", 4, name="old")) == 0
    assert read(state) == [record("a", 5, name="new")]


def test_of_one_definition_twice_the_newer_is_kept(state: SiteState) -> None:
    assert keep(state, record("a", 2, name="new"), record("a", 1, name="old")) == 1
    assert read(state) == [record("a", 2, name="new")]


def test_records_come_by_event_and_id(state: SiteState) -> None:
    keep(state, record("c", event_id="a"), record("a", event_id="b"), record("b", event_id="a"))
    assert [each.definition_id for each in read(state)] == ["b", "c", "a"]
    assert [each.definition_id for each in read(state, "b", "none")] == ["a"]
    with state.reading() as tx:
        assert records.event_ids(tx, state.site) == {"a", "b"}
        assert list(records.read(tx, "other")) == []


def test_removed_records_are_gone(state: SiteState) -> None:
    keep(state, record("a"), record("b"))
    with state.writing() as tx:
        assert records.remove(tx, state.site, ["a", "unknown"]) == 1
        assert records.remove(tx, state.site, []) == 0
    assert [each.definition_id for each in read(state)] == ["b"]
