"""Preview: counts, reasons and the message, without a word to anybody; a test message goes to one address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.preview_announcement import preview, send_test
from ticket_pipeline.flows.sale_starts import next_start
from ticket_pipeline.model.announcement import PlannedStart
from ticket_pipeline.model.message import Fate
from ticket_pipeline.model.subscriber import SubscriberStatus
from ticket_pipeline_tests.flows.announcing import BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import minute

START = minute(10)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    for name in ("ann", "ben"):
        made.people.join(name)
    made.people.join("cid", status=SubscriberStatus.PENDING)
    made.people.join("dot", opt_ins=frozenset())
    made.opens("stalls", at=START)
    yield made
    made.state.database.close()


def planned(office: BoxOffice) -> PlannedStart:
    found = next_start(office.state, now=office.time.now)
    assert found is not None
    return found


def test_a_preview_tells_to_how_many_and_why_not_to_others_and_sends_nothing(office: BoxOffice) -> None:
    shown = preview(office.parts, planned(office))
    assert (shown.listed, shown.eligible, dict(shown.channels)) == (4, 2, {"memory": 2})
    assert shown.skipped == {"pending": 1, "not_opted_in": 1}
    assert "Gala" in shown.subject
    assert "Tier stalls" in shown.text
    assert "Tier stalls" in shown.html
    assert "@example.org" not in shown.text + shown.html
    assert (office.place.messages, office.receipts(START)) == ([], {})


def test_a_preview_counts_those_told_already_as_eligible(office: BoxOffice) -> None:
    start = planned(office)
    office.tick_at(START)
    shown = preview(office.parts, start)
    assert (shown.eligible, shown.skipped["already_told"]) == (2, 2)


def test_a_test_message_goes_to_one_address_and_stands_in_no_ledger(office: BoxOffice) -> None:
    assert send_test(office.parts, planned(office), "me@example.org").fate is Fate.SENT
    (message,) = office.place.messages
    assert message.to.email == "me@example.org"
    assert office.receipts(START) == {}
    office.tick_at(START)
    assert office.told()["ann"] == office.told()["ben"] == 1


def test_a_test_message_to_what_is_no_address_is_refused_before_anything(office: BoxOffice) -> None:
    with pytest.raises(ConfigError, match="--test"):
        send_test(office.parts, planned(office), "nobody")
    assert office.place.messages == []
