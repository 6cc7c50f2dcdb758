"""Ticket Definitions V3: reading what is sold.

Wix's documentation: REST, business solutions, Events, Ticket Definitions V3, query ticket definitions; get ticket
definition; count ticket definitions.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.wix.answer import AccessError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.cursor import follow
from ticket_pipeline.wix.ids import in_path
from ticket_pipeline.wix.page import Page, expect_list, expect_object, read_page, text_in, unexpected
from ticket_pipeline.wix.ticket_definition_body import parse_ticket_definition

__all__ = [
    "IDS_AT_ONCE",
    "SALES_AND_EVENT",
    "SALES_DETAILS",
    "count_ticket_definitions",
    "get_ticket_definition",
    "parse_ticket_definition",
    "query_by_id",
    "query_ticket_definitions",
]

log = logging.getLogger(__name__)

#: Wix names this path and /events-ticket-definitions/v3/…; its newer pages show this one.
PATH = "/events/v3/ticket-definitions"
#: Sales come only when asked for.
SALES_DETAILS = ("SALES_DETAILS",)
#: Sales, and what the event of the definition is like now.
SALES_AND_EVENT = ("SALES_DETAILS", "EVENT_DETAILS")
#: How many definitions are asked for by id at once: they fill one page.
IDS_AT_ONCE = 100


def query_ticket_definitions(
    client: WixClient, event_ids: Collection[str], *, fields: Sequence[str] = SALES_DETAILS
) -> Iterator[Page[TicketDefinition]]:
    """Read all ticket definitions of these events, oldest first; complete or an error.

    One cursor runs through all the events, so that only its last page is part-full; Wix declares no limit for
    `$in`, and a caller who is refused asks for fewer. What Wix sends unasked is dropped. No events, no request.

    Raises:
        TransientError: Wix is unwell, or its pages go round in a circle.
        ConfigError, RejectedError: as `WixClient.call` says; `unexpected_answer` for a broken answer.
    """
    return _query(client, "eventId", _distinct(event_ids), fields)


def query_by_id(
    client: WixClient, ids: Collection[str], *, fields: Sequence[str] = SALES_DETAILS, urgent: bool = False
) -> Iterator[Page[TicketDefinition]]:
    """Read these ticket definitions, a hundred per request; those that do not exist are simply not there.

    Query is eventually consistent: confirm what is missing by `get_ticket_definition`.

    Raises:
        ConfigError, TransientError, RejectedError: as `query_ticket_definitions` says.
    """
    distinct = _distinct(ids)
    for start in range(0, len(distinct), IDS_AT_ONCE):
        yield from _query(client, "id", distinct[start : start + IDS_AT_ONCE], fields, urgent=urgent)


def get_ticket_definition(
    client: WixClient, definition_id: str, *, fields: Sequence[str] = SALES_DETAILS, urgent: bool = False
) -> TicketDefinition:
    """Read one ticket definition.

    Raises:
        NotFoundError: there is none.
        RejectedError: it cannot be read (`unreadable`), or the answer holds none or another (`unexpected_answer`).
        ConfigError, TransientError: as `WixClient.call` says.
    """
    path = f"{PATH}/{in_path(definition_id)}"
    answer = client.call("GET", path, params=[("fields", field) for field in fields], urgent=urgent)
    body = expect_object(answer, "ticketDefinition")
    if _key(text_in(body, "id")) != _key(definition_id):
        raise unexpected(f"the answer to GET {path} does not hold that ticket definition")
    return parse_ticket_definition(body)


def count_ticket_definitions(client: WixClient) -> int | None:
    """Count the ticket definitions of the site; None when Wix will not say (any 4xx, or no number).

    Raises:
        ConfigError: the address is wrong.
        TransientError: Wix is unwell.
    """
    try:
        answer = client.call("POST", f"{PATH}/count", json={"filter": {}})
        metadata = expect_object(answer, "metadata")
    except (RejectedError, AccessError) as error:
        log.warning("wix_no_count", extra={"reason": str(error)})
        return None
    return _total(metadata)


def _query(
    client: WixClient, key: str, values: Sequence[str], fields: Sequence[str], *, urgent: bool = False
) -> Iterator[Page[TicketDefinition]]:
    if not values:
        return
    query = {
        "filter": {key: {"$in": list(values)}},
        "sort": [{"fieldName": "createdDate", "order": "ASC"}],
    }
    for answer in follow(client, f"{PATH}/query", query, fields=fields, urgent=urgent):
        bodies = _asked_for(expect_list(answer, "ticketDefinitions"), key, values)
        yield read_page(bodies, parse_ticket_definition, event_field="eventId")


def _asked_for(bodies: Sequence[Any], key: str, values: Sequence[str]) -> list[Any]:
    """Drop what was not asked for: a server that ignores the filter must not smuggle in others.

    What does not say whose it is stays, and is refused when it is read.
    """
    wanted = {None, *map(_key, values)}
    kept = [body for body in bodies if _key(text_in(body, key)) in wanted]
    if len(kept) < len(bodies):
        log.warning("wix_not_asked_for", extra={"dropped": len(bodies) - len(kept), "filtered_by": key})
    return kept


def _distinct(identities: Collection[str]) -> list[str]:
    return list(dict.fromkeys(identities))


def _key(identity: str | None) -> str | None:
    """Compare GUIDs whatever their case."""
    return identity.lower() if identity else None


def _total(metadata: Mapping[str, Any]) -> int | None:
    """Read the number; the type declares both fields and says of neither when it comes."""
    if metadata.get("tooManyToCount"):
        return None
    found = [metadata.get(field) for field in ("total", "count")]
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), None)
