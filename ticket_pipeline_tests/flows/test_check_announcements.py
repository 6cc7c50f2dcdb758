"""Check announcements: audience, channels, and where unsubscribe links lead."""

from collections.abc import Iterable

import pytest

from ticket_pipeline.channels.memory import Config, Memory, Place
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.check_announcements import check_announcements
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline_tests.flows.announcing import People


class Broken(People):
    """An audience that cannot be looked at."""

    error: Exception = ConfigError("people: no such list")

    def check(self) -> Iterable[Finding]:
        raise self.error


MEMORY = (Memory(Config(), Place()),)


@pytest.mark.parametrize(
    ("url", "level"),
    [
        (None, Level.WARNING),
        ("http://127.0.0.1:8787", Level.WARNING),
        ("https://localhost", Level.WARNING),
        ("http://tickets.example.org", Level.WARNING),
        ("https://tickets.example.org", Level.OK),
    ],
)
def test_links_must_lead_where_people_and_mail_programs_can_follow(url: str | None, level: Level) -> None:
    channel, links = check_announcements(People(), MEMORY, url)
    assert (channel.level, links.level) == (Level.OK, level)
    assert (links.remedy is None) is (level is Level.OK)


def test_what_a_part_finds_wrong_is_a_finding_and_the_others_are_still_asked() -> None:
    broken = Broken()
    audience, channel, _ = check_announcements(broken, MEMORY, "https://tickets.example.org")
    assert (audience.level, audience.seen, audience.transient) == (Level.ERROR, "people: no such list", False)
    assert channel.level is Level.OK
    broken.error = TransientError("people: down")
    audience, *_ = check_announcements(broken, MEMORY, None)
    assert (audience.level, audience.transient) == (Level.ERROR, True)
