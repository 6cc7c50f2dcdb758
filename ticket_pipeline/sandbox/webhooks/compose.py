"""A change becomes a webhook, with the data of that very instant."""

import json
import uuid
from datetime import datetime

from ticket_pipeline.sandbox.chance import guid
from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Document, Order, Reservation, entity_id
from ticket_pipeline.sandbox.webhooks.domain_events import domain_event
from ticket_pipeline.sandbox.webhooks.order_payloads import order_payload
from ticket_pipeline.sandbox.webhooks.topics import TOPICS
from ticket_pipeline.sandbox.webhooks.webhook import Webhook
from ticket_pipeline.sandbox.world import World

#: Nobody causes these: their time has come.
BY_ITSELF = frozenset(
    {ChangeKind.SALE_STARTED, ChangeKind.SALE_ENDED, ChangeKind.EVENT_STARTED, ChangeKind.EVENT_ENDED}
)


def compose(world: World, change: Change, serial: int) -> Webhook | None:
    """Write the webhook of a change that was just made; None: Wix keeps it to itself.

    Ids are random, not seeded: a new world must not repeat those that a subscriber remembers of an older one.
    """
    topic, entity = TOPICS.get(change.kind), change.after or change.before
    if topic is None or entity is None:
        return None
    webhook_id = str(uuid.uuid4())
    if isinstance(entity, Order):
        payload = order_payload(change.kind, entity, fine_instant(change.at, serial, digits=6))
    else:
        digits = (3, 6, 9)[serial % 3]
        payload = domain_event(world, change, webhook_id=webhook_id, event_time=fine_instant(change.at, serial, digits))
    who = identity(world, change)
    return Webhook(
        id=webhook_id,
        topic=topic,
        entity_id=entity_id(entity),
        payload=as_text(payload),
        identity=None if who is None else as_text(who),
    )


def again_with_old_data(webhook: Webhook) -> Webhook:
    """Tell the same once more as if it were news: under an id of its own, where the payload has one."""
    payload: Document = json.loads(webhook.payload)
    new_id = str(uuid.uuid4())
    if "id" in payload:
        payload["id"] = new_id
    return Webhook(
        id=new_id,
        topic=webhook.topic,
        entity_id=webhook.entity_id,
        payload=as_text(payload),
        identity=webhook.identity,
    )


def fine_instant(instant: datetime, serial: int, digits: int) -> str:
    """Write an instant finer than a millisecond, up to nanoseconds; the serial tells equal ones apart."""
    fraction = f"{instant.microsecond // 1000:03d}{serial % 1000:03d}{serial * 7 % 1000:03d}"
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{fraction[:digits]}Z"


def identity(world: World, change: Change) -> Document | None:
    """Tell who caused a change: a buyer, the organiser, or nobody."""
    entity = change.after or change.before
    if change.kind in BY_ITSELF:
        return None
    if isinstance(entity, Order) and entity.buyer.member_id:
        return {"identityType": "MEMBER", "memberId": entity.buyer.member_id}
    if isinstance(entity, Order | Reservation):
        visitor = entity.reservation_id if isinstance(entity, Order) else entity.id
        return {"identityType": "ANONYMOUS_VISITOR", "anonymousVisitorId": guid("visitor", visitor)}
    return {"identityType": "WIX_USER", "wixUserId": guid(world.seed, "user")}


def as_text(document: Document) -> str:
    """Write JSON as the levels of a webhook hold it: text within text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
