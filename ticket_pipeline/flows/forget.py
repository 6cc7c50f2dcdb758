"""Forget: unlink from one person what our ledger holds of them."""

from dataclasses import dataclass

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.eligible import Names
from ticket_pipeline.messages.addresses import normalise
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus
from ticket_pipeline.store import people, suppressions
from ticket_pipeline.store.site_state import SiteState


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What there was of one person at one site, and what is left."""

    #: Receipts that are nobody's now; the counts of announcements stay what they were.
    receipts_unlinked: int
    #: Of announcements that may still go on: without them the person would be told twice.
    receipts_kept: int
    #: Whether they had unsubscribed with us, and that was deleted.
    unsubscription_deleted: bool
    #: Whether a keyed hash stays that keeps us from writing to them.
    unsubscription_kept: bool


def forget(state: SiteState, names: Names, email: str, *, unsubscription: bool = False) -> Forgotten:
    """Unlink a person's receipts; with `unsubscription`, delete too that they want no more. Twice is as once.

    Raises:
        ConfigError: this is no e-mail address.
    """
    if normalise(email) is None:
        raise ConfigError("forget: this is no e-mail address; give one as in ann@example.org")
    person = names.person(Subscriber(id="", email=email, status=SubscriberStatus.UNSUBSCRIBED))
    with state.writing() as tx:
        unlinked = people.unlink_receipts(tx, state.site, person)
        deleted = unsubscription and people.delete_suppression(tx, state.site, person)
        return Forgotten(
            receipts_unlinked=unlinked,
            receipts_kept=people.count_receipts(tx, state.site, person),
            unsubscription_deleted=deleted,
            unsubscription_kept=bool(suppressions.suppressed(tx, state.site, [person])),
        )
