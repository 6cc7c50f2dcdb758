"""Whatever JSON comes, the answer is never a failure of the sandbox itself."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api

FIELDS = ("name", "eventId", "createdDate", "revision", "hidden", "saleStatus", "initialLimit")
WORDS = (
    *FIELDS, "pricingMethod.fixedPrice.value", "$eq", "$in", "$gt", "$not", "$and", "$or", "$exists", "$date",
    "filter", "sort", "fieldName", "order", "paging", "cursorPaging", "limit", "offset", "cursor", "NaN",
    "fixedPrice", "guestPrice", "pricingOptions", "optionDetails", "value", "currency", "startDate", "endDate",
    "pricingMethod", "salePeriod", "feeType", "description", "extendedFields", "namespaces", "EUR", "1",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-06-01T00:00:00Z", "\ud800", "",
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
QUERY = st.fixed_dictionaries({}, optional=dict.fromkeys(("filter", "sort", "paging", "cursorPaging"), ANY))
FILTER = st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=2)
WRITABLE = ("name", "pricingMethod", "feeType", "salePeriod", "description", "initialLimit", "extendedFields")
WRITTEN = st.fixed_dictionaries({}, optional=dict.fromkeys(WRITABLE, ANY))
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(query=QUERY | ANY, fields=ANY, condition=FILTER)
def test_a_query_is_answered_or_refused(api: Api, query: Any, fields: Any, condition: Any) -> None:
    for path in (f"{DEFINITIONS}/query", "/events/v3/events/query"):
        assert api.call("POST", path, {"query": query, "fields": fields}).status_code in (200, 400)
        assert api.call("POST", path, {"query": {"filter": condition}}).status_code in (200, 400)
    assert api.call("POST", f"{DEFINITIONS}/count", {"filter": query, "facet": fields}).status_code in (200, 400)


@MANY
@given(fields=WRITTEN | ANY)
def test_a_write_is_accepted_or_refused(api: Api, fields: Any) -> None:
    seat = api.named("Whisper" if isinstance(fields, dict) else "Shout")
    given_fields = (
        {**fields, "revision": seat["revision"], "name": seat["name"]} if isinstance(fields, dict) else fields
    )
    body = {"ticketDefinition": given_fields}
    answer = api.call("PATCH", f"{DEFINITIONS}/{seat['id']}", body)
    assert answer.status_code in (200, 400, 428), answer.text
    assert api.call("POST", DEFINITIONS, body).status_code in (400, 428)
    assert api.get(seat["id"])["id"] == seat["id"]
