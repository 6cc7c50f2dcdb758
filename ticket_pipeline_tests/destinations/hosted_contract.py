"""The contract for systems that others host, which have one price for a ticket and no ticket without a name."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.model.change import Action, Change
from ticket_pipeline.model.ticket_definition import PricingMethod, TicketDefinition
from ticket_pipeline_tests.destinations.changes import create, drawn_tickets, removal, update, wix_id
from ticket_pipeline_tests.destinations.contract import DestinationContract
from ticket_pipeline_tests.mapping.tickets import fixed, options, ticket

_ONE_PRICE = {PricingMethod.FIXED, PricingMethod.GUEST}


class HostedContract(DestinationContract):
    """The promises of `Destination`, for what such a system can carry at all."""

    def carried(self, drawn: TicketDefinition) -> TicketDefinition:
        """Make a ticket of this one that the system has a place for."""
        pricing = drawn.pricing if drawn.pricing.method in _ONE_PRICE else fixed("9.50")
        return replace(drawn, name=drawn.name.strip() or "Nameless", pricing=pricing)

    @pytest.mark.parametrize(
        "text",
        [
            "Žąsų šokis 🎟️ 日本語 العربية",
            "<b>bold</b> &amp; 'quoted' \"double\" -- ; DROP TABLE tickets",
            "%s %(x)s :name {braces} \\ \t tab\nnew line",
        ],
    )
    def test_any_text_comes_back_as_it_was(self, destination: Destination, text: str) -> None:
        super().test_any_text_comes_back_as_it_was(destination, text)

    def test_price_options_are_added_changed_reordered_and_removed(self, destination: Destination) -> None:
        """Several prices are refused, whatever was there before; a single one is the price."""
        one, two = options(("a", "Adult", "20")), options(("a", "Adult", "20"), ("b", "Child", "9.50"))
        held = self.create(destination, ticket(id=wix_id(), pricing=one))
        (outcome,) = destination.apply([update(self.record(ticket(id=held.definition_id, pricing=two)), held)])
        assert outcome.code == "price_options"
        assert "mapping" in str(outcome.reason)
        assert self.held(destination, held.definition_id).fields["price"] == 20
        (outcome,) = destination.apply([create(self.record(ticket(id=wix_id(), pricing=options())))])
        assert outcome.code == "no_price"

    def test_a_wix_event_that_is_not_declared_is_refused(self, destination: Destination) -> None:
        record = self.record(ticket(id=wix_id()))
        stranger = replace(record, event_id="other", fields={**record.fields, "event_slug": "other"})
        (outcome,) = destination.apply([create(stranger)])
        assert (outcome.code, "add it to `events`" in str(outcome.reason)) == ("no_event", True)

    def _drawn_change(self, ids: Sequence[str]) -> st.SearchStrategy[Change]:
        records = st.sampled_from(ids).flatmap(drawn_tickets).map(self.carried).map(self.record)
        return st.one_of(
            records.map(create),
            records.map(update),
            records.map(lambda record: removal(Action.ARCHIVE, record)),
            records.map(lambda record: removal(Action.DELETE, record)),
        )
