"""What may be kept of a webhook (pure).

By allow-list, by the name and the shape of every single value: a name, an address, an answer or a link that turns up
where we do not expect one, even under a field that is kept, never gets as far as the disk.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ticket_pipeline.webhooks.topics import Family
from ticket_pipeline.wix.event_body import without_people
from ticket_pipeline.wix.instants import parse_instant

#: Gives what may be kept of a value; None for nothing.
Keep = Callable[[Any], Any]

_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
_COUNT = re.compile(r"[0-9]{1,15}")


def kept(family: Family | None, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Cut a normalised payload to what its family may keep; of an unknown topic that is nothing."""
    keep = _FAMILIES.get(family) if family else None
    return keep(payload) or {} if keep else {}


def identity(value: Any) -> str | None:
    """Keep an id (a GUID, an order number), which has no space, `@` or `/`."""
    return value if isinstance(value, str) and _IDENTITY.fullmatch(value) else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any) -> int | str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return value if _COUNT.fullmatch(str(value)) else None


def _instant(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        parse_instant(value)
    except ValueError:
        return None
    return value


def _as_sent(value: Any) -> Any:
    return value


def _only(fields: Mapping[str, Keep]) -> Keep:
    def keep(value: Any) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            return None
        found = ((name, part(value[name])) for name, part in fields.items() if name in value)
        return {name: each for name, each in found if each is not None}

    return keep


def _each(part: Keep) -> Keep:
    def keep(value: Any) -> list[Any] | None:
        if not isinstance(value, list):
            return None
        return [each for each in map(part, value) if each is not None]

    return keep


def _domain(entity: Keep, action: Keep) -> Keep:
    return _only(
        {
            "createdEvent": _only({"entity": entity}),
            "updatedEvent": _only({"currentEntity": entity}),
            "deletedEvent": _only({"deletedEntity": entity}),
            "actionEvent": _only({"body": action}),
        }
    )


_DEFINITION_ACTION = _only({"ticketDefinition": _as_sent, "afterUpdate": _as_sent})
_EVENT_ACTION = _only({"eventId": identity, "timestamp": _instant, "status": _word, "hasGuests": _flag})
_RESERVED = _only({"eventId": identity, "ticketDefinitionId": identity, "quantity": _count})
_RESERVATION = _only(
    {
        "id": identity,
        "revision": _count,
        "status": _word,
        "expirationDate": _instant,
        "tickets": _each(_RESERVED),
    }
)
_GUEST = _only({"id": identity, "eventId": identity})
_GUEST_ACTION = _only({"id": identity, "eventId": identity, "guest": _GUEST})
#: A ticket's number begins with its order's and opens its PDF: left out.
_TICKET = _only({"ticketDefinitionId": identity, "canceled": _flag, "anonymized": _flag})
_ORDER = _only(
    {
        "eventId": identity,
        "orderNumber": identity,
        "reservationId": identity,
        "status": _word,
        "confirmed": _flag,
        "archived": _flag,
        "canceled": _flag,
        "anonymized": _flag,
        "triggeredByAnonymizeRequest": _flag,
        "timestamp": _instant,
        "tickets": _each(_TICKET),
    }
)
_OLD_RESERVATION = _only(
    {
        "eventId": identity,
        "reservationId": identity,
        "status": _word,
        "expires": _instant,
        "timestamp": _instant,
        "quantities": _each(_only({"ticketDefinitionId": identity, "quantity": _count})),
    }
)

_FAMILIES: Mapping[Family, Keep] = {
    Family.DEFINITION: _domain(_as_sent, _DEFINITION_ACTION),
    Family.EVENT: _domain(without_people, _EVENT_ACTION),
    Family.RESERVATION: _domain(_RESERVATION, _RESERVATION),
    Family.GUEST: _domain(_GUEST, _GUEST_ACTION),
    Family.ORDER: _ORDER,
    Family.OLD_RESERVATION: _OLD_RESERVATION,
    Family.OLD_DEFINITION: _only({"eventId": identity, "ticketDefinitionId": identity, "timestamp": _instant}),
}
