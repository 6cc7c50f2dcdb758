"""What an organiser may write of an event.

Wix's documentation: REST, business solutions, events, events V3, create event.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticket_pipeline.sandbox.entities import Event
from ticket_pipeline.sandbox.instants import from_wire
from ticket_pipeline.sandbox.refusals import Violation, invalid, refused, required, wrong_format
from ticket_pipeline.sandbox.validation import CURRENCY

LONGEST_TITLE = 120
LONGEST_SUMMARY = 500
REGISTRATIONS = ("TICKETING", "RSVP")
USUAL_LENGTH = timedelta(hours=3)

Violations = list[Violation]


@dataclass(frozen=True, kw_only=True)
class EventFields:
    """What was written of an event; None: nothing was said of it."""

    title: str | None = None
    summary: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    time_zone: str | None = None
    registration: str | None = None
    currency: str | None = None

    def period(self, before: Event) -> tuple[datetime, datetime]:
        """Tell when the event takes place; a start that is moved alone takes the end along.

        Raises:
            Refusal: 428, it would end before it starts.
        """
        starts = self.starts or before.starts
        ends = self.ends or (starts + (before.ends - before.starts))
        if ends <= starts:
            raise refused(428, "INVALID_EVENT_DATES", "The event must end after it starts")
        return starts, ends


def event_fields(given: Any, *, creating: bool) -> EventFields:
    """Take what a caller wrote of an event; what is read-only or unknown is passed over.

    Raises:
        Refusal: 400 naming each field that breaks a rule.
    """
    if not isinstance(given, dict):
        raise invalid([required("event")])
    problems: Violations = []
    dates, registration = _part(given, "dateAndTimeSettings"), _part(given, "registration")
    taken = EventFields(
        title=_text("event.title", given.get("title"), LONGEST_TITLE, problems, needed=creating),
        summary=_text("event.shortDescription", given.get("shortDescription"), LONGEST_SUMMARY, problems),
        starts=_instant("event.dateAndTimeSettings.startDate", dates.get("startDate"), problems, needed=creating),
        ends=_instant("event.dateAndTimeSettings.endDate", dates.get("endDate"), problems),
        time_zone=_time_zone("event.dateAndTimeSettings.timeZoneId", dates.get("timeZoneId"), problems),
        registration=_registration("event.registration.initialType", registration.get("initialType"), problems),
        currency=_currency(_part(registration, "tickets").get("currency"), problems),
    )
    if problems:
        raise invalid(problems)
    return taken


def _part(given: dict[str, Any], name: str) -> dict[str, Any]:
    part = given.get(name)
    return part if isinstance(part, dict) else {}


def _text(field: str, value: Any, most: int, problems: Violations, *, needed: bool = False) -> str | None:
    if value is None and not needed:
        return None
    if not isinstance(value, str) or (needed and not value):
        problems.append(required(field) if value in (None, "") else wrong_format(field, "must be a string"))
        return None
    if len(value) > most:
        said = f"has size {len(value)}, expected {most} or less"
        problems.append(Violation(field=field, description=said, rule="MAX_LENGTH", threshold=most))
    return value


def _instant(field: str, value: Any, problems: Violations, *, needed: bool = False) -> datetime | None:
    if value is None:
        problems += [required(field)] if needed else []
        return None
    try:
        return from_wire(value)
    except (TypeError, ValueError):
        problems.append(wrong_format(field, "must be a valid RFC 3339 date"))
        return None


def _time_zone(field: str, value: Any, problems: Violations) -> str | None:
    if value is None:
        return None
    try:
        return ZoneInfo(value).key
    except (TypeError, ValueError, ZoneInfoNotFoundError, OSError):
        problems.append(wrong_format(field, "must be a time zone of the IANA database"))
        return None


def _registration(field: str, value: Any, problems: Violations) -> str | None:
    if value is not None and value not in REGISTRATIONS:
        problems.append(required(field))
    return value if isinstance(value, str) else None


def _currency(value: Any, problems: Violations) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        problems.append(wrong_format("event.registration.tickets.currency", "must be a valid ISO 4217 currency code"))
        return None
    return value
