"""Events V3: reading a site's events.

Wix's documentation: REST, business solutions, Events, Events V3, query events; get event.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.event import Event
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.event_body import parse_event, without_people
from ticket_pipeline.wix.ids import in_path
from ticket_pipeline.wix.page import Page, expect_list, expect_object, read_page, unexpected

__all__ = ["get_event", "parse_event", "query_events"]

PATH = "/events/v3/events"
#: Parts of an event that come only when asked for.
FIELDS = ("REGISTRATION", "URLS")
_LIMIT = 1000


def query_events(client: WixClient, *, include_drafts: bool = False) -> Iterator[Page[Event]]:
    """Read all events of the site, oldest first, page by page; complete or an error.

    Drafts need the permission WIX_EVENTS.READ_DRAFT_EVENTS.

    Raises:
        TransientError: Wix is unwell, or its pages do not fit together this time.
        ConfigError, RejectedError: as `WixClient.call` says; `unexpected_answer` for a broken answer.
    """
    offset, most = 0, 0
    previous: list[Any] = []
    while True:
        answer = client.call("POST", f"{PATH}/query", json=_query(offset, include_drafts))
        bodies, total = expect_list(answer, "events"), _total(answer)
        if (bodies and bodies == previous) or (total is not None and total < most):
            raise TransientError("wix: the events moved between pages while they were read; read them again")
        yield read_page([without_people(body) for body in bodies], parse_event, event_field="id")
        offset, previous, most = offset + len(bodies), bodies, total or 0
        if _is_last(offset, total, empty=not bodies):
            return


def get_event(client: WixClient, event_id: str, *, urgent: bool = False) -> Event:
    """Read one event.

    Raises:
        NotFoundError: there is none.
        ConfigError, TransientError, RejectedError: as `WixClient.call` says.
    """
    params = [("fields", field) for field in FIELDS]
    answer = client.call("GET", f"{PATH}/{in_path(event_id)}", params=params, urgent=urgent)
    body = expect_object(answer, "event")
    if not body:
        raise unexpected("the answer holds no event")
    return parse_event(body)


def _query(offset: int, include_drafts: bool) -> dict[str, Any]:
    return {
        "query": {
            "filter": {},
            "sort": [{"fieldName": "createdDate", "order": "ASC"}],
            "paging": {"limit": _LIMIT, "offset": offset},
        },
        "fields": list(FIELDS),
        "includeDrafts": include_drafts,
    }


def _total(answer: Mapping[str, Any]) -> int | None:
    paging = expect_object(answer, "pagingMetadata")
    total = paging.get("total")
    return total if isinstance(total, int) and not paging.get("tooManyToCount") else None


def _is_last(read: int, total: int | None, *, empty: bool) -> bool:
    """Tell whether all was read: Wix's total says so, or, where it gives none, an empty page.

    A short page is no sign: the server may allow less than the limit we ask for.
    """
    if total is None:
        return empty
    if empty and read < total:
        raise TransientError(f"wix: events end at {read} of {total}; read them again")
    return read >= total
