"""One webhook, as it will be sent and sent again: nothing of it changes between attempts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """What happened, once, in Wix's words."""

    #: of a domain event the payload's own id; a flat payload has none, and this one is for the sandbox's log only
    id: str
    #: Wix's `eventType`
    topic: str
    entity_id: str
    #: the innermost level, JSON
    payload: str
    #: who caused it, JSON; None: the passing of time
    identity: str | None = None
