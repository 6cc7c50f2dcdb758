"""Changes for tests of destinations, planned and drawn."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from uuid import UUID

from hypothesis import strategies as st

from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.model.change import Action, Change, FieldChange, Held, Outcome
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.ticket_definition import Pricing, TicketDefinition
from ticket_pipeline_tests.mapping.tickets import fixed, guest, options, ticket

_NUMBERS = count(1)


def wix_id() -> str:
    """Make an id that no other test uses."""
    return str(UUID(int=next(_NUMBERS), version=4))


def create(record: Record) -> Change:
    """Plan a create."""
    fields = tuple(FieldChange(field=name, old=None, new=value) for name, value in record.fields.items())
    return Change(
        action=Action.CREATE,
        definition_id=record.definition_id,
        event_id=record.event_id,
        record=record,
        fields=fields,
    )


def update(record: Record, held: Held | None = None) -> Change:
    """Plan an update of what is held."""
    return Change(
        action=Action.UPDATE,
        definition_id=record.definition_id,
        event_id=record.event_id,
        external_id=held.external_id if held else "1",
        record=record,
        fields=diff(record, held.fields if held else {}),
    )


def removal(action: Action, record: Record, held: Held | None = None) -> Change:
    """Plan an archive or a delete."""
    return Change(
        action=action,
        definition_id=record.definition_id,
        event_id=record.event_id,
        external_id=held.external_id if held else "1",
    )


def drawn_tickets(definition_id: str) -> st.SearchStrategy[TicketDefinition]:
    """Draw states of one ticket definition."""
    cents = st.integers(0, 10_000_000).map(lambda n: str(Decimal(n).scaleb(-2)))
    of_options = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["Adult", "Kind"]), cents), max_size=4)
    pricing: st.SearchStrategy[Pricing] = st.one_of(
        cents.map(fixed),
        cents.map(guest),
        of_options.map(lambda drawn: options(*{option[0]: option for option in drawn}.values())),
    )
    texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
    return st.builds(
        ticket,
        id=st.just(definition_id),
        name=texts,
        description=st.none() | texts,
        hidden=st.booleans(),
        limited=st.booleans(),
        pricing=pricing,
    )


def refused(outcomes: Sequence[Outcome]) -> list[str | None]:
    """List the codes of the refused ones."""
    return [outcome.code for outcome in outcomes if outcome.refused]
