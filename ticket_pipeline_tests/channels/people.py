"""People and messages for the channels' tests."""

from datetime import UTC, datetime

from ticket_pipeline.model.message import Message, message_key
from ticket_pipeline.model.subscriber import PushSubscription, Subscriber, SubscriberStatus

START = datetime(2026, 3, 27, 9, tzinfo=UTC)


def person(
    email: str | None = "ann@example.org",
    *,
    id: str | None = None,
    name: str | None = "Ann",
    push: PushSubscription | None = None,
) -> Subscriber:
    """Somebody who wants to be told."""
    return Subscriber(id=id or f"id of {email}", email=email, name=name, status=SubscriberStatus.SUBSCRIBED, push=push)


def message(
    to: Subscriber, *, subject: str = "Night of the Long Songs: tickets are on sale now", text: str = "On sale.\n"
) -> Message:
    """What they are told."""
    return Message(
        key=message_key("box", "event", START, recipient=to.id, channel="any"),
        to=to,
        language="en",
        subject=subject,
        text=text,
        html=f"<p>{text}</p>\n",
        push_title="Night of the Long Songs",
        push_body="Tickets are on sale now.",
        link="https://www.example.org/night",
        unsubscribe_url=f"https://tickets.example.org/unsubscribe/1{'x' * 150}",
    )
