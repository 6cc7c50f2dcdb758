"""Pages of ticket definitions: by cursor, by offset, to the end."""

import pytest

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api


@pytest.mark.parametrize("limit", [7, 66, 100])
def test_cursors_lead_to_the_end_and_show_each_definition_once(api: Api, limit: int) -> None:
    pages = list(api.pages(limit))
    ids = [definition["id"] for page in pages for definition in page]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert len(ids) == len(set(ids)) == api.query()["metadata"]["total"]


def test_offsets_lead_to_the_end_and_tell_the_total(api: Api) -> None:
    first = api.query(paging={"limit": 90})
    second = api.query(paging={"limit": 90, "offset": 90})
    ids = [definition["id"] for page in (first, second) for definition in page["ticketDefinitions"]]
    assert ids == [definition["id"] for definition in api.all()]
    total = len(ids)
    assert first["metadata"] == {"count": 90, "offset": 0, "total": total, "tooManyToCount": False}
    assert second["metadata"]["offset"] == 90
    assert api.query(paging={"limit": 90, "offset": 500})["ticketDefinitions"] == []


def test_without_a_limit_there_are_50_by_cursor_and_100_by_offset(api: Api) -> None:
    assert api.query(cursorPaging={})["metadata"]["count"] == 50
    assert api.query(paging={})["metadata"]["count"] == 100
    assert api.query()["metadata"]["count"] == 100


def test_the_oldest_come_first(api: Api) -> None:
    created = [definition["createdDate"] for definition in api.all()]
    assert created == sorted(created)


def test_the_list_of_a_cursor_holds_while_the_world_goes_on(api: Api) -> None:
    pages = api.pages(40, sort=[{"fieldName": "name"}])
    seen = next(pages)
    for definition in seen[:10]:
        api.ask("DELETE", f"{DEFINITIONS}/{definition['id']}")
    rest = [definition["id"] for page in pages for definition in page]
    assert len(rest) == len(set(rest)) == api.query()["metadata"]["total"] - 30


def test_what_was_deleted_is_not_shown_on_a_later_page(api: Api) -> None:
    first = api.query(cursorPaging={"limit": 10})
    gone = api.query(paging={"offset": 10, "limit": 1})["ticketDefinitions"][0]["id"]
    api.ask("DELETE", f"{DEFINITIONS}/{gone}")
    following = api.query(cursorPaging={"limit": 10, "cursor": first["metadata"]["cursors"]["next"]})
    assert gone not in [definition["id"] for definition in following["ticketDefinitions"]]


def test_the_previous_cursor_leads_back(api: Api) -> None:
    first = api.query(cursorPaging={"limit": 10})
    second = api.query(cursorPaging={"limit": 10, "cursor": first["metadata"]["cursors"]["next"]})
    back = api.query(cursorPaging={"limit": 10, "cursor": second["metadata"]["cursors"]["prev"]})
    assert back["ticketDefinitions"] == first["ticketDefinitions"]
    assert "prev" not in first["metadata"]["cursors"]


def test_a_cursor_wins_over_a_filter_sent_with_it(api: Api) -> None:
    first = api.query(cursorPaging={"limit": 10})
    cursor = {"limit": 10, "cursor": first["metadata"]["cursors"]["next"]}
    assert api.query(cursorPaging=cursor, filter={"name": "Crew"}) == api.query(cursorPaging=cursor)


def test_a_cursor_fits_what_the_sdk_declares(api: Api) -> None:
    assert len(api.query(cursorPaging={"limit": 1})["metadata"]["cursors"]["next"]) <= 36


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"cursorPaging": {"limit": 101}}, "query.cursorPaging.limit must be at most 100"),
        ({"paging": {"limit": 101}}, "query.paging.limit must be at most 100"),
        ({"paging": {"limit": -1}}, "query.paging.limit must be at least 0"),
        ({"paging": {"limit": "ten"}}, "query.paging.limit must be an integer"),
        ({"paging": {}, "cursorPaging": {}}, "query must have at most one of paging, cursorPaging"),
        ({"cursorPaging": {"cursor": "made-up"}}, "FILTER_PARSER_ERROR"),
        ({"cursorPaging": {"cursor": 7}}, "query.cursorPaging.cursor must be a string"),
    ],
)
def test_paging_that_means_nothing_is_refused(api: Api, query: object, said: str) -> None:
    assert api.refused("POST", f"{DEFINITIONS}/query", {"query": query}) == (400, said)


def test_both_spellings_of_the_path_answer_alike(api: Api) -> None:
    other = api.ask("POST", "/events-ticket-definitions/v3/ticket-definitions/query", {"query": {}})
    assert other == api.query()
