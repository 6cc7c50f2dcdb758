"""An envelope: one verified webhook, cut to what may be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What one webhook says: a landed fact, and then only a hint of what to read again."""

    #: Idempotency key: the payload's own id; for flat order payloads a hash of what identifies them.
    key: str
    #: Wix's `eventType`, the only thing to dispatch on.
    topic: str
    #: The app's instance on the site that sent it; None where an address names the site.
    instance_id: str | None
    #: The definition, event, reservation or order it is about; None where it does not say.
    entity_id: str | None
    #: The Wix event (the show) it is about, where it says so.
    event_id: str | None
    occurred_at: datetime | None
    #: Higher is newer for the same entity; None where Wix leaves it out.
    sequence: int | None = None
    #: Whether it was caused by a privacy request: what is kept about the entity must go.
    anonymise: bool = False
    #: The payload as it was sent, less everything personal.
    body: Mapping[str, Any] = field(repr=False)
