"""Bodies in the shapes of Wix's schema."""

from typing import Any

DEFINITION_ID = "077766f0-ffa4-4fa1-bdf8-dbb0439c1892"
EVENT_ID = "9d720f99-1b5a-4141-9877-d32985391e18"


DEFINITION: dict[str, Any] = {
    "id": DEFINITION_ID,
    "eventId": EVENT_ID,
    "revision": "3",
    "createdDate": "2026-05-25T12:41:24.422Z",
    "updatedDate": "2026-06-01T09:00:00.101Z",
    "name": "General Admission",
    "description": "Standing room.",
    "policyText": "No refunds.",
    "hidden": False,
    "limited": True,
    "initialLimit": 200,
    "actualLimit": 180,
    "limitPerCheckout": 20,
    "pricingMethod": {
        "fixedPrice": {"value": "65.00", "currency": "USD"},
        "pricingType": "STANDARD",
        "free": False,
    },
    "feeType": "FEE_ADDED_AT_CHECKOUT",
    "salePeriod": {
        "startDate": "2026-06-01T10:00:00Z",
        "endDate": "2026-09-01T10:00:00Z",
        "displayNotOnSale": True,
    },
    "saleStatus": "SALE_STARTED",
    "salesDetails": {"unsoldCount": 197, "soldCount": 3, "reservedCount": 1, "soldOut": False},
    "extendedFields": {"namespaces": {"@acct/my-app": {"externalId": "EXT-42"}}},
}

EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "title": "Summer Gala",
    "slug": "summer-gala",
    "status": "UPCOMING",
    "createdDate": "2026-05-01T08:00:00Z",
    "updatedDate": "2026-05-02T08:00:00.123456789Z",
    "userId": "0a1b2c3d-0000-4000-8000-0000000000aa",
    "dateAndTimeSettings": {
        "startDate": "2026-07-01T18:00:00Z",
        "endDate": "2026-07-01T22:00:00Z",
        "timeZoneId": "Europe/Vilnius",
    },
    "eventPageUrl": {"base": "https://gala.test/site", "path": "/event-details/summer-gala"},
    "registration": {
        "type": "TICKETING",
        "initialType": "TICKETING",
        "tickets": {"currency": "EUR", "lowestPrice": {"value": "5", "currency": "EUR"}},
    },
    "summaries": {"tickets": {"revenue": {"value": "100", "currency": "EUR"}}},
    "form": {"controls": [{"label": "Your name"}]},
}


def definition(**changes: Any) -> dict[str, Any]:
    """Give a ticket definition as Wix's schema has it; a change to `...` leaves the field out."""
    return _changed(DEFINITION, changes)


def event(**changes: Any) -> dict[str, Any]:
    """Give an event as Wix's schema has it; a change to `...` leaves the field out."""
    return _changed(EVENT, changes)


def _changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**body, **changes}
    return {name: value for name, value in merged.items() if value is not ...}
