"""Which events a query means."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ticket_pipeline.sandbox.entities import Event
from ticket_pipeline.sandbox.filters import (
    Field,
    Fields,
    compile_filter,
    guid_text,
    instant,
    one_of,
    sort_items,
    text,
)

COMPARED = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in"})
NAMED = frozenset({"$eq", "$ne", "$in"})
NEWEST_FIRST = [{"fieldName": "createdDate", "order": "DESC"}]


def event_fields(now: datetime) -> Fields:
    """Declare what Query Events can filter and sort by."""
    statuses = one_of("UPCOMING", "STARTED", "ENDED", "CANCELED", "DRAFT")
    types = one_of("RSVP", "TICKETING")
    return {
        "id": Field(read=lambda e: e.id, parse=guid_text, operators=COMPARED),
        "slug": Field(read=lambda e: e.slug, parse=text, operators=COMPARED),
        "title": Field(read=lambda e: e.title, parse=text, operators=COMPARED),
        "createdDate": Field(read=lambda e: e.created, parse=instant, operators=COMPARED),
        "updatedDate": Field(read=lambda e: e.updated, parse=instant, operators=COMPARED),
        "dateAndTimeSettings.startDate": Field(read=lambda e: e.starts, parse=instant, operators=COMPARED),
        "dateAndTimeSettings.endDate": Field(read=lambda e: e.ends, parse=instant, operators=COMPARED),
        "status": Field(read=lambda e: e.status(now), parse=statuses, operators=NAMED, sortable=False),
        "userId": Field(read=lambda e: e.user_id, parse=guid_text, operators=NAMED, sortable=False),
        "registration.initialType": Field(
            read=lambda e: e.registration, parse=types, operators=frozenset({"$eq"}), sortable=False
        ),
    }


def find_events(events: Iterable[Event], written: Any, sort: Any, now: datetime, *, most_in: int | None) -> list[Event]:
    """List the events that match, in order; newest first unless asked otherwise.

    Raises:
        Refusal: 400.
    """
    fields = event_fields(now)
    test = compile_filter(written, fields, most_in=most_in)
    found = [event for event in events if test is None or test(event)]
    return sort_items(found, sort or NEWEST_FIRST, fields)
