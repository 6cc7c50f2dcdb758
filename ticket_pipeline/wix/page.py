"""A page of a query's answer: what could be read, and what could not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ticket_pipeline.errors import RejectedError

T = TypeVar("T")

#: The code of an answer that lacks what Wix promises: a broken contract, not a bad moment.
UNEXPECTED_ANSWER = "unexpected_answer"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One item of a page that we cannot make sense of; the rest of the page goes on."""

    #: None where Wix did not say.
    id: str | None
    event_id: str | None
    #: What Wix sent; an item that is no object is kept under the key `item`.
    body: Mapping[str, Any]
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """What one request of a query brought."""

    items: tuple[T, ...]
    refused: tuple[Refused, ...]


def read_page(bodies: Sequence[Any], parse: Callable[[Any], T], *, event_field: str) -> Page[T]:
    """Read every item on its own; `event_field` is where an item names its event."""
    items: list[T] = []
    refused: list[Refused] = []
    for body in bodies:
        try:
            items.append(parse(body))
        except RejectedError as error:
            refused.append(_refuse(body, error, event_field))
    return Page(items=tuple(items), refused=tuple(refused))


def expect_list(answer: Mapping[str, Any], field: str) -> list[Any]:
    """Give the answer's list.

    Raises:
        RejectedError: there is none (`unexpected_answer`); an answer without its list is not an empty list.
    """
    value = answer.get(field)
    if not isinstance(value, list):
        raise unexpected(f"the answer holds no list {field!r}")
    return value


def expect_object(answer: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Give an object of the answer; missing and null count as empty.

    Raises:
        RejectedError: it is something else (`unexpected_answer`).
    """
    value = answer.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unexpected(f"{field!r} in the answer is no object")
    return value


def unexpected(fault: str) -> RejectedError:
    """Say that an answer is not what Wix documents."""
    return RejectedError(
        f"wix: {fault}; check that base_url leads to Wix, and look for a newer ticket-pipeline",
        code=UNEXPECTED_ANSWER,
    )


def text_in(body: Any, field: str) -> str | None:
    """Look for a text in whatever was sent; never fails."""
    value = body.get(field) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and value else None


def _refuse(body: Any, error: RejectedError, event_field: str) -> Refused:
    return Refused(
        id=text_in(body, "id"),
        event_id=text_in(body, event_field),
        body=body if isinstance(body, Mapping) else {"item": body},
        code=error.code,
        reason=str(error),
    )
