"""The destination contract as a pretix is put through it, real or a stub."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import ModuleType
from typing import Any, ClassVar

import requests

from ticket_pipeline.destinations import pretix
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.pretix import Config, Pretix
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline_tests.destinations.contract import DestinationContract
from ticket_pipeline_tests.mapping.tickets import event


class CountingSession(requests.Session):
    """A session that keeps the methods and addresses of what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        """Keep, then send."""
        self.sent.append((str(request.method), str(request.url)))
        return super().send(request, **named)

    @property
    def reads(self) -> int:
        """Count what only reads."""
        return sum(method == "GET" for method, _ in self.sent)

    @property
    def writes(self) -> int:
        """Count what may write."""
        return len(self.sent) - self.reads


def reach(
    config: Mapping[str, Any], session: requests.Session | None = None, mapping: Mapping[str, Any] | None = None
) -> Pretix:
    """Make the destination; it never sleeps."""
    built = build_mapping(pretix.DEFAULT_MAPPING, mapping)
    return Pretix(Config.model_validate(config), built, session, sleep=lambda _: None)


def as_record(definition: TicketDefinition, **of_event: Any) -> Record:
    """Map a definition as pretix does unless told otherwise."""
    return build_mapping(pretix.DEFAULT_MAPPING).record(definition, event(**of_event))


class PretixContract(DestinationContract):
    """The contract; pretix counts by its session, and a price of three decimals is refused."""

    kind: ClassVar[ModuleType] = pretix
    session: CountingSession

    def writes(self, destination: Destination) -> int:
        _ = destination
        return self.session.writes

    def refuse(self, destination: Destination, record: Record) -> Record:
        _ = destination
        return replace(record, fields={**record.fields, "price": Decimal("1.005")})
