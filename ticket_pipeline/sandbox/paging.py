"""Pages: by offset or by cursor."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.refusals import Violation, bad_filter, invalid, wrong_format

#: result lists that cursors still point into; older cursors are refused
KEPT_LISTS = 64
MOST_PER_PAGE = 100
BY_CURSOR, BY_OFFSET = 50, 100


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """What part of a result the caller wants: cursor is "" for the first page by cursor, None by offset."""

    limit: int
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a list of ids, and how to go on."""

    ids: list[str]
    start: int
    metadata: Document


class Cursors:
    """Lists that cursors point into: filtered and sorted once, then read page by page."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, list[str]] = OrderedDict()

    def keep(self, ids: list[str]) -> str:
        """Keep a list and name it."""
        name = secrets.token_hex(12)
        self._lists[name] = ids
        if len(self._lists) > KEPT_LISTS:
            self._lists.popitem(last=False)
        return name

    def follow(self, cursor: str) -> tuple[str, list[str], int]:
        """Find the list that a cursor points into, its name and the position.

        Raises:
            Refusal: 400, no cursor of ours, or one too old.
        """
        name, _, position = cursor.partition("-")
        if name not in self._lists or not position.isdigit():
            raise bad_filter("The cursor is not valid")
        self._lists.move_to_end(name)
        return name, self._lists[name], int(position)


def read_paging(query: Document) -> PageRequest:
    """Read how the caller pages: 100 by offset unless it says otherwise.

    Raises:
        Refusal: 400.
    """
    paging, cursor_paging = part_of(query, "paging"), part_of(query, "cursorPaging")
    if paging is not None and cursor_paging is not None:
        said = "must have at most one of paging, cursorPaging"
        raise invalid([Violation(field="query", description=said, rule="CUSTOM")])
    if cursor_paging is not None:
        limit = bounded("query.cursorPaging.limit", cursor_paging.get("limit"), MOST_PER_PAGE) or BY_CURSOR
        cursor = cursor_paging.get("cursor") or ""
        if not isinstance(cursor, str):
            raise invalid([wrong_format("query.cursorPaging.cursor", "must be a string")])
        return PageRequest(limit=limit, cursor=cursor)
    paging = paging or {}
    limit = bounded("query.paging.limit", paging.get("limit"), MOST_PER_PAGE) or BY_OFFSET
    return PageRequest(limit=limit, offset=bounded("query.paging.offset", paging.get("offset")))


def part_of(document: Document, name: str) -> Document | None:
    """Take an object out of a request.

    Raises:
        Refusal: 400, it is something else.
    """
    part = document.get(name)
    if part is not None and not isinstance(part, dict):
        raise invalid([wrong_format(name, "must be an object")])
    return part


def bounded(field: str, value: Any, most: int | None = None) -> int:
    """Take a whole number of 0 to `most`; what is missing is 0.

    Raises:
        Refusal: 400.
    """
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid([wrong_format(field, "must be an integer")])
    if value < 0:
        raise invalid([Violation(field=field, description="must be at least 0", rule="MIN", threshold=0)])
    if most is not None and value > most:
        said = f"must be at most {most}"
        raise invalid([Violation(field=field, description=said, rule="MAX", threshold=most)])
    return value


def by_offset(ids: list[str], request: PageRequest) -> Page:
    """Cut a page out by its offset."""
    part = ids[request.offset : request.offset + request.limit]
    total = {"total": len(ids), "tooManyToCount": False}
    return Page(
        ids=part,
        start=request.offset,
        metadata={"count": len(part), "offset": request.offset, **total},
    )


def by_cursor(cursors: Cursors, ids: list[str], request: PageRequest, *, loop: bool = False) -> Page:
    """Cut a page out where the cursor points; the list is the one that the first page found.

    With `loop` (a fault) a cursor that was followed is given again as the next one.
    """
    name, start = "", 0
    if request.cursor:
        name, ids, start = cursors.follow(request.cursor)
    part = ids[start : start + request.limit]
    end = start + len(part)
    if not name and end < len(ids):
        name = cursors.keep(ids)
    around = {}
    if end < len(ids):
        around["next"] = request.cursor if loop and request.cursor else f"{name}-{end}"
    if start > 0:
        around["prev"] = f"{name}-{max(0, start - request.limit)}"
    return Page(ids=part, start=start, metadata={"count": len(part), "cursors": around})
