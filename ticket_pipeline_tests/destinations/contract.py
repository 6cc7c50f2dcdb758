"""What every kind of destination must pass: subclass `DestinationContract` in the kind's own test.

A subclass gives `kind`, a fixture `destination` (empty, connected with `self.mapping()`), `writes` and `refuse`.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.mapping.mapping import FieldMapping, build_mapping
from ticket_pipeline.model.change import Action, Change, Held
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.ticket_definition import Pricing, SalePeriod, TicketDefinition
from ticket_pipeline_tests.destinations.changes import create, drawn_tickets, removal, update, wix_id
from ticket_pipeline_tests.mapping.tickets import START, event, fixed, options, ticket


class DestinationContract:
    """The promises of `Destination`, through the kind's own default mapping."""

    kind: ClassVar[ModuleType]

    @classmethod
    def mapping(cls) -> FieldMapping:
        """Give the mapping the destination is connected with."""
        return build_mapping(cls.kind.DEFAULT_MAPPING)

    def writes(self, destination: Destination) -> int:
        """Count the writes that reached the system so far."""
        raise NotImplementedError

    def refuse(self, destination: Destination, record: Record) -> Record:
        """Arrange that this record will be refused, and give what to write."""
        raise NotImplementedError

    def record(self, definition: TicketDefinition) -> Record:
        """Map a definition."""
        return self.mapping().record(definition, event())

    def create(self, destination: Destination, definition: TicketDefinition) -> Held:
        """Create and read back."""
        (outcome,) = destination.apply([create(self.record(definition))])
        assert not outcome.refused, outcome.reason
        return self.held(destination, definition.id)

    def held(self, destination: Destination, definition_id: str) -> Held:
        """Read what is held for one Wix id."""
        (held,) = destination.find([definition_id])
        return held

    def assert_holds(self, destination: Destination, definition: TicketDefinition) -> None:
        """See that every field is held as the mapping wants it."""
        held = self.held(destination, definition.id)
        assert diff(self.record(definition), held.fields, untold=held.untold) == ()

    def test_a_created_record_is_found_by_its_wix_id(self, destination: Destination) -> None:
        wanted = ticket(id=wix_id())
        (outcome,) = destination.apply([create(self.record(wanted))])
        held = self.held(destination, wanted.id)
        assert (held.definition_id, held.external_id, held.archived) == (wanted.id, outcome.external_id, False)
        self.assert_holds(destination, wanted)

    def test_an_unknown_wix_id_finds_nothing(self, destination: Destination) -> None:
        assert list(destination.find([wix_id()])) == []
        assert list(destination.find([])) == []

    def test_all_records_are_found_archived_ones_too(self, destination: Destination) -> None:
        live, gone = ticket(id=wix_id()), ticket(id=wix_id())
        self.create(destination, live)
        held = self.create(destination, gone)
        list(destination.apply([removal(Action.ARCHIVE, self.record(gone), held)]))
        assert {held.definition_id: held.archived for held in destination.find()} == {live.id: False, gone.id: True}

    def test_an_update_changes_the_fields_and_keeps_the_ids(self, destination: Destination) -> None:
        before = ticket(id=wix_id())
        held = self.create(destination, before)
        after = ticket(id=before.id, name="VIP", description=None, hidden=True, pricing=fixed("70.00"))
        (outcome,) = destination.apply([update(self.record(after), held)])
        assert outcome.external_id == held.external_id
        assert self.held(destination, before.id).external_id == held.external_id
        self.assert_holds(destination, after)

    def test_the_same_update_twice_ends_the_same(self, destination: Destination) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        after = ticket(id=held.definition_id, name="VIP")
        for _ in range(2):
            (outcome,) = destination.apply([update(self.record(after), held)])
            assert not outcome.refused
        self.assert_holds(destination, after)

    def test_the_same_create_twice_makes_one_record_with_the_latest_fields(self, destination: Destination) -> None:
        first = self.create(destination, ticket(id=wix_id()))
        again = ticket(id=first.definition_id, name="Second try")
        (outcome,) = destination.apply([create(self.record(again))])
        assert outcome.external_id == first.external_id
        assert len(list(destination.find())) == 1
        self.assert_holds(destination, again)

    def test_the_same_create_twice_in_one_call_makes_one_record(self, destination: Destination) -> None:
        wanted = create(self.record(ticket(id=wix_id())))
        first, second = destination.apply([wanted, wanted])
        assert first.external_id == second.external_id
        assert len(list(destination.find())) == 1

    def test_an_update_of_a_record_that_vanished_is_refused_as_not_found(self, destination: Destination) -> None:
        (outcome,) = destination.apply([update(self.record(ticket(id=wix_id())))])
        assert (outcome.code, outcome.external_id) == ("not_found", None)
        assert outcome.reason

    def test_an_archived_record_keeps_its_fields_and_its_id(self, destination: Destination) -> None:
        wanted = ticket(id=wix_id())
        held = self.create(destination, wanted)
        for _ in range(2):
            (outcome,) = destination.apply([removal(Action.ARCHIVE, self.record(wanted), held)])
            assert outcome.external_id == held.external_id
        assert self.held(destination, wanted.id).archived
        self.assert_holds(destination, wanted)

    def test_an_archive_of_a_record_that_vanished_is_refused_as_not_found(self, destination: Destination) -> None:
        (outcome,) = destination.apply([removal(Action.ARCHIVE, self.record(ticket(id=wix_id())))])
        assert outcome.code == "not_found"

    @pytest.mark.parametrize("action", [Action.UPDATE, Action.CREATE])
    def test_writing_an_archived_record_makes_it_live_again(self, destination: Destination, action: Action) -> None:
        wanted = ticket(id=wix_id())
        held = self.create(destination, wanted)
        record = self.record(wanted)
        revival = create(record) if action is Action.CREATE else update(record, held)
        outcomes = list(destination.apply([removal(Action.ARCHIVE, record, held), revival]))
        assert [outcome.external_id for outcome in outcomes] == [held.external_id] * 2
        assert not self.held(destination, wanted.id).archived

    def test_a_deleted_record_is_gone_and_deleting_it_again_is_done(self, destination: Destination) -> None:
        wanted = ticket(id=wix_id(), pricing=options(("a", "Adult", "5")))
        held = self.create(destination, wanted)
        for _ in range(2):
            (outcome,) = destination.apply([removal(Action.DELETE, self.record(wanted), held)])
            assert (outcome.refused, outcome.external_id) == (False, held.external_id)
            assert list(destination.find([wanted.id])) == []

    def test_a_deleted_record_can_be_created_anew(self, destination: Destination) -> None:
        wanted = ticket(id=wix_id(), pricing=options(("a", "Adult", "5")))
        held = self.create(destination, wanted)
        list(destination.apply([removal(Action.DELETE, self.record(wanted), held)]))
        assert self.create(destination, wanted).external_id != held.external_id
        self.assert_holds(destination, wanted)

    def test_no_changes_cost_no_write(self, destination: Destination) -> None:
        before = self.writes(destination)
        assert list(destination.apply([])) == []
        assert self.writes(destination) == before

    def test_looking_costs_no_write(self, destination: Destination) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        before = self.writes(destination)
        assert list(destination.find()) == list(destination.find([held.definition_id])) == [held]
        assert self.writes(destination) == before

    def test_a_refused_record_does_not_stop_the_rest(self, destination: Destination) -> None:
        tickets = [ticket(id=wix_id(), name=f"T{n}") for n in range(7)]
        records = [self.record(each) for each in tickets]
        records[3] = self.refuse(destination, records[3])
        outcomes = list(destination.apply([create(record) for record in records]))
        assert [outcome.refused for outcome in outcomes] == [n == 3 for n in range(7)]
        assert outcomes[3].code
        assert outcomes[3].reason
        assert {held.definition_id for held in destination.find()} == {t.id for n, t in enumerate(tickets) if n != 3}

    def test_there_is_one_outcome_for_each_change_in_their_order(self, destination: Destination) -> None:
        there = [ticket(id=wix_id()) for _ in range(3)]
        held = [self.create(destination, each) for each in there]
        records = [self.record(each) for each in there]
        changes = [
            removal(Action.DELETE, records[0], held[0]),
            create(self.record(ticket(id=wix_id()))),
            update(records[1], held[1]),
            update(self.record(ticket(id=wix_id()))),
            removal(Action.ARCHIVE, records[2], held[2]),
            create(self.record(ticket(id=wix_id()))),
        ]
        outcomes = list(destination.apply(changes))
        assert [outcome.change for outcome in outcomes] == changes
        assert [outcome.refused for outcome in outcomes] == [False, False, False, True, False, False]

    @pytest.mark.parametrize(
        "text",
        [
            "Žąsų šokis 🎟️ 日本語 العربية",
            "<b>bold</b> &amp; 'quoted' \"double\" -- ; DROP TABLE tickets",
            "%s %(x)s :name {braces} \\ \t tab\nnew line",
            "",
        ],
    )
    def test_any_text_comes_back_as_it_was(self, destination: Destination, text: str) -> None:
        wanted = ticket(id=wix_id(), name=text[:30], description=text)
        self.create(destination, wanted)
        self.assert_holds(destination, wanted)

    def test_the_longest_texts_of_wix_come_back_whole(self, destination: Destination) -> None:
        wanted = ticket(id=wix_id(), name="é" * 30, description="ž" * 500, policy_text="p" * 1000)
        self.create(destination, wanted)
        self.assert_holds(destination, wanted)

    @pytest.mark.parametrize("value", ["0", "0.10", "19.99", "65.00", "1234567.89", "100000000.01"])
    def test_a_price_comes_back_exactly(self, destination: Destination, value: str) -> None:
        wanted = ticket(id=wix_id(), pricing=fixed(value))
        self.create(destination, wanted)
        self.assert_holds(destination, wanted)

    def test_a_sale_period_comes_back_as_the_same_instants(self, destination: Destination) -> None:
        later = START.replace(month=12, minute=59)
        for period in [SalePeriod(), SalePeriod(start=START), SalePeriod(start=START, end=later)]:
            wanted = ticket(id=wix_id(), sale_period=period)
            self.create(destination, wanted)
            self.assert_holds(destination, wanted)

    def test_price_options_are_added_changed_reordered_and_removed(self, destination: Destination) -> None:
        states: Sequence[Pricing] = [
            options(("a", "Adult", "20")),
            options(("a", "Adult", "20"), ("b", "Child", "9.50")),
            options(("b", "Child", "8.00"), ("a", "Grown-up", "20")),
            options(("b", "Child", "8.00")),
            options(),
            options(("c", "New", "1")),
        ]
        held = self.create(destination, ticket(id=wix_id(), pricing=states[0]))
        for pricing in states:
            wanted = ticket(id=held.definition_id, pricing=pricing)
            (outcome,) = destination.apply([update(self.record(wanted), held)])
            assert not outcome.refused
            self.assert_holds(destination, wanted)

    def test_a_reading_may_be_used_while_writing(self, destination: Destination) -> None:
        for _ in range(3):
            self.create(destination, ticket(id=wix_id()))
        for held in destination.find():
            wanted = self.record(ticket(id=held.definition_id, name="Seen"))
            (outcome,) = destination.apply([update(wanted, held)])
            assert not outcome.refused

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(data=st.data())
    def test_any_changes_end_as_a_plain_dictionary_would(self, destination: Destination, data: st.DataObject) -> None:
        ids = [wix_id() for _ in range(3)]
        model: dict[str, tuple[Record, bool]] = {}
        for _ in range(data.draw(st.integers(1, 3))):
            changes = data.draw(st.lists(self._drawn_change(ids), max_size=5))
            expected = [_follow(model, change) for change in changes]
            outcomes = list(destination.apply(changes))
            assert [outcome.code for outcome in outcomes] == expected
        held = {each.definition_id: each for each in destination.find(ids)}
        assert held.keys() == model.keys()
        for definition_id, (record, archived) in model.items():
            assert diff(record, held[definition_id].fields, untold=held[definition_id].untold) == ()
            assert held[definition_id].archived is archived

    def _drawn_change(self, ids: Sequence[str]) -> st.SearchStrategy[Change]:
        records = st.sampled_from(ids).flatmap(drawn_tickets).map(self.record)
        return st.one_of(
            records.map(create),
            records.map(update),
            records.map(lambda record: removal(Action.ARCHIVE, record)),
            records.map(lambda record: removal(Action.DELETE, record)),
        )


def _follow(model: dict[str, tuple[Record, bool]], change: Change) -> str | None:
    """Make a change in a dictionary, and say with which code it is refused."""
    there = model.get(change.definition_id)
    if there is None and change.action in {Action.UPDATE, Action.ARCHIVE}:
        return "not_found"
    if change.record is not None:
        model[change.definition_id] = (change.record, False)
    elif change.action is Action.DELETE:
        model.pop(change.definition_id, None)
    elif there is not None:
        model[change.definition_id] = (there[0], True)
    return None
