"""A message's key."""

from datetime import UTC, datetime, timedelta, timezone

from ticket_pipeline.model.message import message_key

START = datetime(2026, 3, 27, 9, tzinfo=UTC)


def key(
    site: str = "box", event_id: str = "night", start: datetime = START, to: str = "f", channel: str = "smtp"
) -> str:
    return message_key(site, event_id, start, recipient=to, channel=channel)


def test_a_key_is_the_same_in_every_process() -> None:
    assert key() == "d41be4ca3a23b3cd09ccdda354ae2245"
    assert len(key()) == 32


def test_a_key_is_of_the_instant_not_of_its_spelling() -> None:
    assert key(start=START.astimezone(timezone(timedelta(hours=5, minutes=45)))) == key()


def test_whatever_differs_makes_another_key() -> None:
    others = [
        key(site="other"),
        key(event_id="day"),
        key(start=START + timedelta(minutes=1)),
        key(to="e"),
        key(channel="web_push"),
        key(site="boxn", event_id="ight"),
    ]
    assert len({key(), *others}) == 7
