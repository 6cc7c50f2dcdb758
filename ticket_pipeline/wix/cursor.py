"""Cursor paging: one query, followed to its end.

Wix's documentation: REST, articles, API query language, sorting and paging; Ticket Definitions V3, query ticket
definitions (the SDK too sends the cursor without filter and sort on follow-up requests).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticket_pipeline.errors import TransientError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.page import expect_object, unexpected

#: The most that Wix gives per page of a cursor.
LIMIT = 100


def follow(
    client: WixClient, path: str, query: Mapping[str, Any], *, fields: Sequence[str], urgent: bool = False
) -> Iterator[dict[str, Any]]:
    """Give every answer of a query until Wix names no next cursor; an empty page is no end.

    Raises:
        TransientError: a cursor came twice: the pages go round in a circle.
        ConfigError, TransientError, RejectedError: as `WixClient.call` says.
    """
    seen: set[str] = set()
    wanted: dict[str, Any] = {**query, "cursorPaging": {"limit": LIMIT}}
    while True:
        answer = client.call("POST", path, json={"query": wanted, "fields": list(fields)}, urgent=urgent)
        yield answer
        cursor = next_cursor(answer)
        if cursor is None:
            return
        if cursor in seen:
            raise TransientError(f"wix: a cursor of POST {path} came twice; read it again")
        seen.add(cursor)
        wanted = {"cursorPaging": {"limit": LIMIT, "cursor": cursor}}


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """Read where the next page begins; None at the end (missing, null or empty).

    Raises:
        RejectedError: it is of another type (`unexpected_answer`).
    """
    cursor = expect_object(expect_object(answer, "metadata"), "cursors").get("next")
    if cursor is not None and not isinstance(cursor, str):
        raise unexpected("the next cursor is no string")
    return cursor or None
