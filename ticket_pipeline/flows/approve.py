"""Approve: let through a plan that waits for a person."""

from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.plan import hold
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.report import Hold
from ticket_pipeline.store import approvals
from ticket_pipeline.store.site_state import SiteState


def approve(state: SiteState, destination: Destination, policy: Policy, *, now: datetime) -> Hold | None:
    """Approve exactly the deletes that are held now; one more delete tomorrow is held again."""
    waiting = hold(state, destination, policy)
    if waiting is not None:
        with state.writing() as tx:
            approvals.approve(tx, state.site, destination.identity, waiting.digest, at=now)
    return waiting
