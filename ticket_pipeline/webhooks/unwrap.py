"""Verified claims -> an envelope (pure).

Three levels lie in each other, and each may be an object or its text: the claims' `data` holds `eventType`,
`instanceId` and a `data` of its own, which holds the domain event or the flat payload.
Wix's documentation: REST, articles, domain events; Orders, order confirmed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.webhooks.payload import data_of, normalised, opened
from ticket_pipeline.webhooks.personal import identity, kept
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline.webhooks.topics import FLAT, ORDER_DELETED, TOPICS, Family
from ticket_pipeline.wix.instants import parse_instant

_MOST = 2**63 - 1


def unwrap(claims: Mapping[str, Any]) -> Envelope:
    """Make the envelope, cut to what may be kept; who caused the webhook is never kept.

    What a topic that we do not know holds inside is not looked at beyond its ids.

    Raises:
        RefusedWebhook: malformed: there is no event type, or no payload where the topic must have one.
    """
    notice = opened(claims.get("data"))
    topic = identity(notice.get("eventType")) if notice else None
    if notice is None or topic is None:
        raise RefusedWebhook(Refusal.MALFORMED, "it names no event type")
    payload = opened(notice.get("data"))
    if payload is None and topic in TOPICS:
        raise RefusedWebhook(Refusal.MALFORMED, "its payload cannot be read")
    return _envelope(topic, notice, normalised(payload or {}))


def _envelope(topic: str, notice: Mapping[str, Any], payload: Mapping[str, Any]) -> Envelope:
    family = TOPICS.get(topic)
    body = kept(family, payload)
    entity_id = _entity_id(payload)
    own_id = None if family in FLAT else identity(payload.get("id"))
    return Envelope(
        key=own_id or _fingerprint(topic, notice, payload),
        topic=topic,
        instance_id=identity(notice.get("instanceId")),
        entity_id=entity_id,
        event_id=_event_id(family, entity_id, data_of(body)),
        occurred_at=_occurred_at(payload),
        sequence=_sequence(payload.get("entityEventSequence")),
        anonymise=_is_privacy_request(topic, payload),
        body=body,
    )


def _fingerprint(topic: str, notice: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Tell flat payloads apart: what they are about and when, or, where they do not say, all that they hold."""
    about, when = _entity_id(payload), payload.get("timestamp")
    content = [about, when] if about and isinstance(when, str) else [notice.get("data")]
    text = json.dumps([topic, notice.get("instanceId"), *content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _entity_id(payload: Mapping[str, Any]) -> str | None:
    data = data_of(payload)
    of_entity = [payload.get("entityId"), None if data is payload else data.get("id")]
    of_flat = [payload.get(name) for name in ("orderNumber", "reservationId", "ticketDefinitionId")]
    return next((found for each in (*of_entity, *of_flat) if (found := identity(each))), None)


def _event_id(family: Family | None, entity_id: str | None, data: Mapping[str, Any]) -> str | None:
    if family is Family.EVENT and entity_id:
        return entity_id
    named = {each for each in map(identity, _events_named(data)) if each}
    return named.pop() if len(named) == 1 else None


def _events_named(data: Mapping[str, Any]) -> Iterator[Any]:
    yield data.get("eventId")
    parts = [data.get("ticketDefinition"), data.get("guest")]
    tickets = data.get("tickets")
    for part in [*parts, *(tickets if isinstance(tickets, list) else [])]:
        if isinstance(part, dict):
            yield part.get("eventId")


def _occurred_at(payload: Mapping[str, Any]) -> datetime | None:
    for name in ("eventTime", "timestamp"):
        text = payload.get(name)
        if isinstance(text, str):
            try:
                return parse_instant(text)
            except ValueError:
                continue
    return None


def _sequence(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if int(text) <= _MOST else None


def _is_privacy_request(topic: str, payload: Mapping[str, Any]) -> bool:
    said = payload.get("triggeredByAnonymizeRequest") is True or payload.get("anonymized") is True
    return said or topic == ORDER_DELETED
