"""Preview an announcement: to how many, why not to others, and the message; or send it to one address of yours."""

from uuid import uuid4

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.announce_report import skipped_by_reason
from ticket_pipeline.flows.eligible import ways
from ticket_pipeline.flows.read_audience import read_audience
from ticket_pipeline.messages.addresses import problem
from ticket_pipeline.messages.sale_messages import SaleMessages
from ticket_pipeline.model.announcement import AnnouncementPreview, PlannedStart
from ticket_pipeline.model.message import Delivery, Message
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus


def preview(parts: AnnounceParts, planned: PlannedStart) -> AnnouncementPreview:
    """Read the audience as it is now and render the message as a person without a name would see it; send nothing.

    Raises:
        TransientError, ConfigError: the audience cannot be read.
    """
    listed = read_audience(parts, planned)
    message = _message(parts, planned, _somebody("you@example.org"))
    return AnnouncementPreview(
        event_id=planned.start.event_id,
        sale_start=planned.start.at,
        definition_ids=planned.definition_ids,
        listed=listed.listed,
        eligible=listed.eligible,
        channels=dict(listed.channels.most_common()),
        skipped=skipped_by_reason(listed.skipped),
        subject=message.subject,
        text=message.text,
        html=message.html,
    )


def send_test(parts: AnnounceParts, planned: PlannedStart, email: str) -> Delivery:
    """Send the message to one address, whoever that is; the ledger hears nothing of it.

    Raises:
        TransientError: the way is down.
        ConfigError: the address cannot be one, no channel goes there, or the other side refuses us.
    """
    why = problem(email)
    if why is not None:
        raise ConfigError(f"--test: {why}")
    somebody = _somebody(email)
    channel = next(ways(parts.channels, somebody), None)
    if channel is None:
        raise ConfigError("--test: no declared channel sends e-mail; declare one of kind smtp")
    (delivery,) = channel.send([_message(parts, planned, somebody)])
    return delivery


def _somebody(email: str) -> Subscriber:
    return Subscriber(id=f"test {uuid4().hex}", email=email, status=SubscriberStatus.SUBSCRIBED)


def _message(parts: AnnounceParts, planned: PlannedStart, to: Subscriber) -> Message:
    """Write it with a link that would unsubscribe the very person, as all of ours do."""
    return SaleMessages(parts.templates, planned.start).to(
        to, key=uuid4().hex, unsubscribe_url=parts.unsubscribe_url(to)
    )
