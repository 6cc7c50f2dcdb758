"""Faults on demand: what a network and a busy service do to a client, by chance or on purpose."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.refusals import Refusal, plain, refused, required, wrong_format
from ticket_pipeline.sandbox.refusals import invalid as refuse_fields
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaults

PROBABILITIES = frozenset({"throttled", "broken", "unavailable", "truncated", "drop", "duplicate", "old_data"})


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong. Probabilities are of each API request, 0 to 1."""

    seed: int = 1
    #: faults by chance and latency touch only routes that contain this text
    only: str = ""
    latency_ms: float = 0.0
    #: probability of 429
    throttled: float = 0.0
    #: seconds in the Retry-After of a 429, also of the rate limit's; None: no such header, as Wix documents none
    retry_after: int | None = None
    #: probability of 500
    broken: float = 0.0
    #: probability of 503
    unavailable: float = 0.0
    #: probability of a body that ends in the middle
    truncated: float = 0.0
    #: Query Ticket Definitions answers from so many seconds, or changes, ago; Get is fresh
    stale_seconds: float = 0.0
    stale_changes: int = 0
    #: a cursor that is followed comes back as the next one
    cursor_loop: bool = False
    #: the n-th page (from 1) of every query answers 500
    failing_page: int | None = None
    #: a longer $in is refused with 400
    most_in: int | None = None
    #: the API answers 428 WIX_EVENTS_APP_NOT_INSTALLED
    app_not_installed: bool = False


T = TypeVar("T", Faults, WebhookFaults)


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What happens to one request."""

    delay: float = 0.0
    refusal: Refusal | None = None
    truncated: bool = False


class FaultBox:
    """The faults in force, and the dice."""

    def __init__(self, faults: Faults) -> None:
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Put these faults in force, and begin the dice anew."""
        self.faults = faults
        self._dice = dice("faults", faults.seed)

    def draw(self, route: str) -> Mishap:
        """Decide what happens to a request; each kind is drawn whatever the others do."""
        faults = self.faults
        if faults.only not in route:
            return Mishap()
        chances = (faults.throttled, faults.broken, faults.unavailable, faults.truncated)
        throttled, broken, unavailable, truncated = (self._dice.random() < chance for chance in chances)
        refusal = None
        if throttled:
            refusal = too_many_requests(faults.retry_after)
        elif broken or unavailable:
            refusal = plain(500 if broken else 503, "")
        return Mishap(delay=faults.latency_ms / 1000, refusal=refusal, truncated=truncated)

    def check_installed(self) -> None:
        """Miss the Wix Events app if it is to be missed.

        Raises:
            Refusal: 428.
        """
        if self.faults.app_not_installed:
            message = "The site does not have the Wix Events app"
            raise refused(428, "WIX_EVENTS_APP_NOT_INSTALLED", message)

    def check_page(self, start: int, limit: int) -> None:
        """Fail the page that is to fail.

        Raises:
            Refusal: 500.
        """
        if self.faults.failing_page is not None and start // max(1, limit) + 1 == self.faults.failing_page:
            raise plain(500, "")


def too_many_requests(retry_after: int | None) -> Refusal:
    """Refuse because of the rate, with or without saying when to come back."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    refusal = plain(429, "Too many requests")
    refusal.headers.update(headers)
    return refusal


def faults_from(given: Any, kind: type[T]) -> T:
    """Read faults of a kind from JSON; what is not named is off.

    Raises:
        Refusal: 400 naming the field.
    """
    if not isinstance(given, dict):
        raise refuse_fields([required("faults")])
    defaults = {field.name: field.default for field in fields(kind)}
    for name, value in given.items():
        if name not in defaults:
            raise refuse_fields([wrong_format(name, f"is no fault; allowed: {', '.join(defaults)}")])
        if not _fits(name, value, defaults[name]):
            raise refuse_fields([wrong_format(name, f"cannot be {value!r}")])
    return kind(**given)


def _fits(name: str, value: Any, default: Any) -> bool:
    if name in PROBABILITIES:
        return isinstance(value, int | float) and 0 <= value <= 1
    if default is None:
        return value is None or (type(value) is int and value >= 0)
    if isinstance(default, float):
        return isinstance(value, int | float) and value >= 0
    if type(default) is int:
        return type(value) is int and value >= 0
    return type(value) is type(default)
