"""Answers other than 200, in the shapes that Wix gives them.

Wix's documentation: REST, articles, get started, errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ticket_pipeline.sandbox.entities import Document


class Refusal(Exception):  # noqa: N818 - an answer like any other, not a failure of ours
    """An answer that is no success: its status, body and extra headers."""

    def __init__(self, status: int, body: Document, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One field of a request that Wix does not accept."""

    field: str
    description: str
    rule: str
    threshold: int | None = None

    def document(self) -> Document:
        """Write it as an entry of fieldViolations."""
        data = {} if self.threshold is None else {"threshold": self.threshold}
        return {
            "field": self.field,
            "description": self.description,
            "violatedRule": self.rule,
            "data": data,
        }


def invalid(violations: Sequence[Violation]) -> Refusal:
    """Refuse a request for its fields (400, validationError)."""
    message = ", ".join(f"{v.field} {v.description}" for v in violations)
    body = {"validationError": {"fieldViolations": [v.document() for v in violations]}}
    return Refusal(400, {"message": message, "details": body})


def required(field: str) -> Violation:
    """Note a field that is missing, or an enum value that Wix does not know: it says the same of both."""
    return Violation(field=field, description="value is required", rule="REQUIRED_FIELD")


def wrong_format(field: str, description: str) -> Violation:
    """Note a value of the wrong type or shape."""
    return Violation(field=field, description=description, rule="FORMAT")


def refused(status: int, code: str, description: str, data: Any = None) -> Refusal:
    """Refuse for a reason of business (applicationError with a code)."""
    error = {"code": code, "description": description, "data": data or {}}
    return Refusal(status, {"message": description, "details": {"applicationError": error}})


def plain(status: int, message: str) -> Refusal:
    """Refuse without a code."""
    return Refusal(status, {"message": message, "details": {}})


def bad_filter(description: str) -> Refusal:
    """Refuse a filter, sort or cursor that cannot be understood."""
    return refused(400, "FILTER_PARSER_ERROR", description)
