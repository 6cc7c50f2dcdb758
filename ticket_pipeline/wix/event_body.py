"""An event as Wix sends it -> our noun.

Wix's documentation: REST, business solutions, Events, Events V3, event object.
"""

from collections.abc import Mapping
from typing import Any

from ticket_pipeline.model.event import Event
from ticket_pipeline.wix.json_body import JsonBody
from ticket_pipeline.wix.page import text_in

#: What is kept of an event. Organisers, guests, forms, sums of money and conference links are not.
KEPT = frozenset(
    {
        "id",
        "title",
        "slug",
        "status",
        "shortDescription",
        "createdDate",
        "updatedDate",
        "publishedDate",
        "dateAndTimeSettings",
        "location",
        "registration",
        "eventPageUrl",
    }
)


def parse_event(body: Any) -> Event:
    """Read an event, from an answer or a webhook; its `body` is cut to what is not personal.

    Raises:
        RejectedError: the id is missing, or a field is of the wrong type (`unreadable`).
    """
    read = JsonBody(body, of=f"event {text_in(body, 'id') or 'without id'}")
    times = read.part("dateAndTimeSettings")
    registration = read.part("registration")
    return Event(
        id=read.must(read.text, "id"),
        title=read.text("title") or "",
        slug=read.text("slug") or "",
        status=read.text("status") or "",
        starts_at=times.instant("startDate") if times else None,
        ends_at=times.instant("endDate") if times else None,
        time_zone=times.text("timeZoneId") if times else None,
        page_url=page_url(body.get("eventPageUrl")),
        registration=_registration(registration),
        currency=_currency(registration),
        updated_at=read.instant("updatedDate"),
        body=without_people(body),
    )


def without_people(body: Any) -> Any:
    """Cut an event to what is not personal; what is no object stays as it is."""
    if not isinstance(body, Mapping):
        return body
    return {field: value for field, value in body.items() if field in KEPT}


def page_url(value: Any) -> str | None:
    """Join Wix's `{base, path}` (or take a string), adding https:// where the scheme is missing."""
    if isinstance(value, Mapping):
        base, path = text_in(value, "base"), text_in(value, "path")
        joined = base and (f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base)
    else:
        joined = value if isinstance(value, str) else None
    if not joined:
        return None
    return joined if joined.lower().startswith(("https://", "http://")) else f"https://{joined.lstrip('/')}"


def _registration(read: JsonBody | None) -> str | None:
    if read is None:
        return None
    return read.text("type") or read.text("initialType")


def _currency(read: JsonBody | None) -> str | None:
    tickets = read.part("tickets") if read else None
    return tickets.text("currency") if tickets else None
