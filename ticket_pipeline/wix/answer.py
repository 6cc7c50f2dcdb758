"""An HTTP answer of Wix's -> the JSON object it holds, or the error it stands for.

Wix's documentation: REST, articles, get started, errors; rate limits.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import requests

from ticket_pipeline.backoff import retry_after
from ticket_pipeline.errors import (
    ConfigError,
    NotFoundError,
    RejectedError,
    TicketPipelineError,
    TransientError,
)
from ticket_pipeline.wix.page import unexpected
from ticket_pipeline.wix.request import Request

APP_NOT_INSTALLED = "WIX_EVENTS_APP_NOT_INSTALLED"

#: Statuses below 500 that a later try may turn into an answer.
_PASSING = frozenset({408, 425, 429})
#: What a person must grant, by the beginning of the path (Wix's documentation: permission scopes).
_SCOPES = {
    "/events/v3/ticket-definitions": (
        "read ticket definitions",
        'give it "Manage Ticket Definitions" (SCOPE.DC-EVENTS.MANAGE-TICKET-DEF; none only reads them)',
    ),
    "/events/v3/events": (
        "read events",
        'give it "Read Events" (SCOPE.DC-EVENTS.READ-EVENTS)',
    ),
}
_DRAFTS = "drafts and their tickets need the permission WIX_EVENTS.READ_DRAFT_EVENTS too"


class AccessError(ConfigError):
    """Wix answered, and refuses who we are or what we may do."""


def read_answer(response: requests.Response, request: Request, *, who: str) -> dict[str, Any]:
    """Give the JSON object of a successful answer; `who` names the credentials in errors.

    Raises:
        AccessError: a ConfigError: the credentials, their rights or the site are wrong.
        ConfigError: base_url leads elsewhere.
        TransientError: Wix is unwell or the answer was cut off.
        NotFoundError: 404.
        RejectedError: Wix refuses the request, or answers with something that is no object.
    """
    if not 200 <= response.status_code < 300:
        raise refusal(response, request, who=who)
    try:
        value = json.loads(response.content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        message = f"{_subject(response, request)}: the answer is cut off or no JSON; try again later"
        raise TransientError(f"{message}{_identified(response)}") from error
    if not isinstance(value, dict):
        raise unexpected(f"the answer to {request} is no JSON object{_identified(response)}")
    return value


def refusal(response: requests.Response, request: Request, *, who: str) -> TicketPipelineError:
    """Turn a status that is no success into the error it stands for."""
    status, code = response.status_code, application_code(response)
    subject, at = _subject(response, request), _identified(response)
    if status in _PASSING or (status >= 500 and status != 501):
        asked = retry_after(response.headers, now=datetime.now(UTC))
        return TransientError(f"{subject}: {_ailment(status)}; try again later{at}", retry_after=asked)
    if status < 400:
        return ConfigError(f"{subject}: the address leads elsewhere; set base_url to where the API is{at}")
    if status in {401, 403} or code == APP_NOT_INSTALLED:
        return AccessError(f"{subject}: {_remedy(status, code, request, who)}{at}")
    if status == 404:
        return NotFoundError(f"{subject}: there is no such thing (any more){at}")
    return RejectedError(f"{subject}: {_reason(response)}{at}", code=code or f"http_{status}")


def application_code(response: requests.Response) -> str | None:
    """Look for Wix's code in the body of a refusal (or OAuth's `error`); None where there is none."""
    body = _object(response)
    code = _object_in(_object_in(body, "details"), "applicationError").get("code") or body.get("error")
    return code[:100] if isinstance(code, str) and code else None


def _remedy(status: int, code: str | None, request: Request, who: str) -> str:
    if code == APP_NOT_INSTALLED:
        return f"Wix Events is not installed on the site of {who}; install it there, or name another site"
    if status == 401:
        return f"{who} was refused; check that the secret is whole, not revoked, and belongs to that site"
    return _missing_right(request, who)


def _missing_right(request: Request, who: str) -> str:
    for prefix, (right, remedy) in _SCOPES.items():
        if request.path.startswith(prefix):
            return f"{who} may not {right}; check that it belongs to that site, and {remedy}; {_DRAFTS}"
    return f"{who} may not do this; give it the permission that Wix's reference names for the call"


def _ailment(status: int) -> str:
    return "too many requests" if status == 429 else "Wix is unwell"


def _reason(response: requests.Response) -> str:
    """Say in Wix's own words why a request was refused."""
    body = _object(response)
    details = _object_in(body, "details")
    violations = _object_in(details, "validationError").get("fieldViolations")
    if isinstance(violations, list) and violations:
        texts = [f"{each.get('field')} {each.get('description')}" for each in violations if isinstance(each, dict)]
        return "; ".join(texts)[:300]
    application = _object_in(details, "applicationError")
    words = [application.get("code"), application.get("description"), body.get("message"), body.get("error")]
    return ": ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))[:300] or "refused"


def _subject(response: requests.Response, request: Request) -> str:
    return f"wix: {response.status_code} for {request}"


def request_id(response: requests.Response) -> str | None:
    """Give the id by which Wix's support finds the call."""
    return response.headers.get("x-wix-request-id", "")[:80] or None


def _identified(response: requests.Response) -> str:
    found = request_id(response)
    return f" (request id {found})" if found else ""


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _object_in(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = body.get(field)
    return value if isinstance(value, dict) else {}


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads but JSON does not have."""
    raise ValueError(f"{name} is no JSON")
