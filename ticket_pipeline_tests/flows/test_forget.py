"""Forgetting a person: their receipts become nobody's, the books still balance, and nobody is told twice for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ticket_pipeline.channels.memory import Config, Memory, Place
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.forget import Forgotten, forget
from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.model.message import Fate
from ticket_pipeline.store import people, receipts, suppressions
from ticket_pipeline_tests.flows.announcing import EVENT, SITE, BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import minute


class Paper(Memory):
    """Another way of telling people."""

    kind = "paper"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    yield made
    made.state.database.close()


NOTHING = Forgotten(receipts_unlinked=0, receipts_kept=0, unsubscription_deleted=False, unsubscription_kept=False)


def forgets(office: BoxOffice, email: str, *, unsubscription: bool = False) -> Forgotten:
    return forget(office.state, office.parts.names, email, unsubscription=unsubscription)


def announced(office: BoxOffice, *names: str) -> None:
    """Have these people told that a sale started."""
    for each in names:
        office.people.join(each)
    office.opens("tier", at=minute(10))
    office.tick_at(minute(10))
    assert office.told() == dict.fromkeys(names, 1)


def test_the_receipts_are_nobodys_and_the_counts_stay(office: BoxOffice) -> None:
    announced(office, "ann", "ben")
    ann = office.parts.names.person(office.people.listed["ann"])
    assert forgets(office, "ann@example.org").receipts_unlinked == 1
    with office.state.reading() as tx:
        assert people.count_receipts(tx, SITE, ann) == 0
    assert office.receipts(minute(10)) == {"sent": 2}


def test_any_spelling_of_the_address_will_do_and_twice_is_as_once(office: BoxOffice) -> None:
    announced(office, "ann")
    assert forgets(office, " Ann@EXAMPLE.org").receipts_unlinked == 1
    assert forgets(office, "ann@example.org") == NOTHING


def test_who_was_never_told_is_no_error(office: BoxOffice) -> None:
    assert forgets(office, "nobody@example.org") == NOTHING


def test_who_is_forgotten_and_still_listed_is_not_told_again(office: BoxOffice) -> None:
    announced(office, "ann")
    forgets(office, "ann@example.org")
    office.tick_at(minute(11))
    assert office.told() == {"ann": 1}


def test_a_receipt_of_an_announcement_under_way_is_kept(office: BoxOffice) -> None:
    office.people.join("ann")
    office.people.join("ben")
    office.opens("tier", at=minute(10))
    office.place.down_after = 1
    with pytest.raises(TransientError):
        office.tick_at(minute(10))
    (told,) = office.told()
    assert forgets(office, f"{told}@example.org").receipts_kept == 1
    office.place.down_after = None
    office.tick_at(minute(50))
    assert office.told() == {"ann": 1, "ben": 1}
    assert forgets(office, f"{told}@example.org").receipts_unlinked == 1


def test_an_unsubscription_stays_unless_it_is_named(office: BoxOffice) -> None:
    ann = office.parts.names.person(office.people.join("ann"))
    with office.state.writing() as tx:
        suppressions.suppress(tx, SITE, [ann], why="asked", at=minute(0))
    assert forgets(office, "ann@example.org").unsubscription_kept
    found = forgets(office, "ann@example.org", unsubscription=True)
    assert (found.unsubscription_deleted, found.unsubscription_kept) == (True, False)
    assert forgets(office, "ann@example.org", unsubscription=True) == NOTHING


def test_who_was_refused_by_one_way_and_told_by_another_is_still_counted_as_told(office: BoxOffice) -> None:
    full = Paper(Config(), Place(fates={"ann": Fate.REFUSED}))
    office.parts = replace(office.parts, channels=(full, *office.parts.channels))
    announced(office, "ann")
    assert forgets(office, "ann@example.org").receipts_unlinked == 2
    with office.state.reading() as tx:
        assert receipts.failures(tx, SITE, StartKey(EVENT, minute(10))) == {}
    assert office.receipts(minute(10)) == {"refused": 1, "sent": 1}


def test_what_is_no_address_is_named_as_wrong_without_repeating_it(office: BoxOffice) -> None:
    with pytest.raises(ConfigError, match="no e-mail address") as caught:
        forgets(office, "ann at example")
    assert "ann" not in str(caught.value).partition(";")[0]
