"""Who is told of a sale start, by which channel, and who is not and why (pure)."""

import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ticket_pipeline.channels.base import Channel
from ticket_pipeline.messages.addresses import normalise, problem
from ticket_pipeline.model.announcement import Skip
from ticket_pipeline.model.sale_start import SaleStart
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus
from ticket_pipeline.store.receipts import Receipt

_STATUS = {
    SubscriberStatus.PENDING: Skip.PENDING,
    SubscriberStatus.UNSUBSCRIBED: Skip.UNSUBSCRIBED,
    SubscriberStatus.SUPPRESSED: Skip.SUPPRESSED,
}
_PLACE = re.compile(r"\{event\.(id|slug|title)\}")


def opt_in_mark(template: str, start: SaleStart) -> str:
    """Give the mark that those bear who want to hear of this event."""
    said = {"id": start.event_id, "slug": start.slug, "title": start.title}
    return _PLACE.sub(lambda match: said[match[1]], template)


def why_not_told(subscriber: Subscriber, mark: str) -> Skip | None:
    """Say why the marketing tool's word is no leave to write; None where it is. What is unknown is no leave."""
    if subscriber.flaw is not None:
        return Skip(subscriber.flaw.value)
    if subscriber.status is not SubscriberStatus.SUBSCRIBED:
        return _STATUS.get(subscriber.status, Skip.UNKNOWN_STATUS)
    return None if mark in subscriber.opt_ins else Skip.NOT_OPTED_IN


def ways(channels: Sequence[Channel], subscriber: Subscriber) -> Iterator[Channel]:
    """Yield the channels that reach somebody: the preferred one first, then as they were declared."""
    preferred = [each for each in channels if each.kind == subscriber.preferred_channel]
    others = [each for each in channels if each.kind != subscriber.preferred_channel]
    return (each for each in (*preferred, *others) if each.reaches(subscriber))


def why_no_way(subscriber: Subscriber) -> Skip:
    """Say why no channel reaches somebody."""
    return Skip.INVALID_ADDRESS if subscriber.email and problem(subscriber.email) else Skip.NO_CHANNEL


@dataclass(frozen=True, kw_only=True)
class Names:
    """What people are called in our ledger: hashes with a key, which say nothing to who has not got it."""

    site: str
    secret: str = field(repr=False)

    def person(self, subscriber: Subscriber) -> str:
        """Name a person, whatever the channel: by the e-mail address where there is one."""
        email = normalise(subscriber.email)
        if email:
            return self._name(f"mail\0{email}")
        if subscriber.push:
            return self._name(f"push\0{subscriber.push.endpoint}")
        return self._name(f"id\0{subscriber.id}")

    def receipt(self, channel: Channel, subscriber: Subscriber) -> Receipt:
        """Name who gets a message on this channel."""
        recipient = self._name(f"to\0{channel.kind}\0{channel.address(subscriber)}")
        return Receipt(channel=channel.kind, recipient=recipient, person=self.person(subscriber))

    def _name(self, what: str) -> str:
        text = f"recipient\0{self.site}\0{what}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret.encode(), text, "sha256")[:16].hex()
