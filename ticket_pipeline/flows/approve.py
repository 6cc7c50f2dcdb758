"""Approve: let through a plan that waits for a person."""

from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.plan import weigh
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.report import Hold
from ticket_pipeline.store import approvals, links
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.site_state import SiteState

#: Of a create that was cut off, the record may be there, and is taken away as soon as it is found.
_GOING = (LinkState.LINKED, LinkState.INTENDED)


def approve(state: SiteState, destination: Destination, policy: Policy, *, now: datetime) -> Hold | None:
    """Approve exactly the deletes that are held now, each until it is made; one more tomorrow is held again."""
    with state.writing() as tx:
        waiting = weigh(tx, state.site, destination.identity, policy)
        if not isinstance(waiting, Hold):
            return None
        going = links.doomed(tx, state.site, destination.identity, states=_GOING)
        approvals.approve(tx, state.site, destination.identity, going, at=now)
    return waiting


def lapse(tx: Transaction, site: str, destination: str) -> None:
    """Forget the approvals of what is not to be taken away any more: should it ever be again, a person looks again."""
    if approved := approvals.approved(tx, site, destination):
        going = links.doomed(tx, site, destination, states=_GOING)
        approvals.forget(tx, site, destination, approved - going)
