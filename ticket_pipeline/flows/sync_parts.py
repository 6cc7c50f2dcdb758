"""What a site's sync works with; a site may have counters and announcements only, and none of it."""

from dataclasses import dataclass

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.policy import Policy


@dataclass(frozen=True, kw_only=True)
class SyncParts:
    """Where ticket definitions go, in which terms, and by which rules."""

    destination: Destination
    mapping: FieldMapping
    policy: Policy
