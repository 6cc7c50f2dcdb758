"""Take an unsubscription: into our own list always, and into the marketing tool where that takes it."""

import logging
from datetime import datetime
from typing import cast

from ticket_pipeline.audiences.base import Audience, Unsubscribable
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.store import suppressions
from ticket_pipeline.store.database import Database
from ticket_pipeline.unsubscribe.token import Unsubscription

log = logging.getLogger(__name__)

_WHY = "used an unsubscribe link"


def take(database: Database, audience: Audience | None, wanted: Unsubscription, *, now: datetime) -> None:
    """Have this person written to no more; durable when it returns, and repeated calls change nothing.

    A tool that fails is no failure: our own list is honoured whatever the tool says. The next click asks it again.

    Raises:
        TransientError, ConfigError: our own list could not be written.
    """
    with database.writing() as tx:
        suppressions.suppress(tx, wanted.site, [wanted.recipient], why=_WHY, at=now)
        to_pass_on = suppressions.to_pass_on(tx, wanted.site, wanted.recipient)
    log.info("unsubscribed", extra={"site": wanted.site, "recipient": wanted.recipient})
    if to_pass_on and audience is not None and _passed_on(audience, wanted):
        with database.writing() as tx:
            suppressions.passed_on(tx, wanted.site, wanted.recipient, at=now)


def _passed_on(audience: Audience, wanted: Unsubscription) -> bool:
    if wanted.subscriber_id is None or not hasattr(audience, "unsubscribe"):
        return False
    try:
        cast("Unsubscribable", audience).unsubscribe(wanted.subscriber_id)
    except TicketPipelineError as error:
        # The tool's own words might hold the address.
        fields = {"site": wanted.site, "recipient": wanted.recipient, "audience": audience.identity}
        log.warning("unsubscription_not_passed_on", extra={**fields, "error": type(error).__name__})
        return False
    return True
