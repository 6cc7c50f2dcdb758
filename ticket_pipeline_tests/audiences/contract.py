"""What every kind of audience must pass: subclass `AudienceContract` in the kind's own test.

A subclass gives a fixture `tool`: a marketing tool of that kind, with an audience connected to it.
"""

import gc
import re
import tracemalloc
from collections.abc import Iterable
from typing import ClassVar, Protocol, cast

import pytest

from ticket_pipeline.audiences.base import Audience, Checkable, Unsubscribable
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus
from ticket_pipeline_tests.audiences.people import (
    ANNA,
    BEN,
    CHLOE,
    DIRK,
    ODD_NAMES,
    PENDING,
    SUBSCRIBED,
    SUPPRESSED,
    UNSUBSCRIBED,
    Person,
    by_address,
    crowd,
)


class Tool(Protocol):
    """A marketing tool under test."""

    audience: Audience

    def hold(self, people: Iterable[Person]) -> None:
        """List these people, and nobody else."""

    def fold_odd_status(self) -> None:
        """List one person whose status nobody has heard of, opted in to `gala`."""

    def fail_midway(self) -> None:
        """Fail in the middle of every reading from now on."""


class AudienceContract:
    """The promises of `Audience`."""

    #: Parts of settings that nobody may read anywhere.
    secrets: ClassVar[tuple[str, ...]] = ()
    many: ClassVar[int] = 50_000
    #: What a suppressed person is listed as, by a tool that does not tell them from those who left.
    suppressed: ClassVar[SubscriberStatus] = SUPPRESSED

    def id_of(self, tool: Tool, person: Person) -> str:
        """Give the tool's id of a person."""
        return by_address(tool.audience.subscribers())[person.email].id

    def now(self, tool: Tool, *ids: str) -> list[Subscriber]:
        """Read these as they are."""
        return list(tool.audience.consent(ids))

    def test_everybody_is_listed_once_whatever_their_status(self, tool: Tool) -> None:
        tool.hold([ANNA, BEN, CHLOE, DIRK])
        found = by_address(tool.audience.subscribers())
        assert {address: each.status for address, each in found.items()} == {
            ANNA.email: SUBSCRIBED,
            BEN.email: UNSUBSCRIBED,
            CHLOE.email: SUBSCRIBED,
            DIRK.email: self.suppressed,
        }
        assert (found[CHLOE.email].name, found[DIRK.email].name) == (CHLOE.name, None)
        assert not any(each.flaw for each in found.values())

    def test_nobody_is_listed_by_an_empty_tool(self, tool: Tool) -> None:
        tool.hold([])
        assert list(tool.audience.subscribers()) == []
        assert self.now(tool, "anybody") == []

    def test_the_marks_of_a_person_are_listed_and_no_others(self, tool: Tool) -> None:
        tool.hold([ANNA, CHLOE, DIRK])
        found = by_address(tool.audience.subscribers())
        marks = [{"gala", "jazz"} & found[each.email].opt_ins for each in (ANNA, CHLOE, DIRK)]
        assert marks == [{"gala", "jazz"}, {"jazz"}, set()]

    def test_a_status_nobody_knows_is_not_subscribed(self, tool: Tool) -> None:
        tool.fold_odd_status()
        (found,) = tool.audience.subscribers()
        assert found.status is not SUBSCRIBED
        assert [each.status for each in self.now(tool, found.id)] == [found.status]

    def test_consent_gives_who_was_asked_for_each_once(self, tool: Tool) -> None:
        tool.hold([ANNA, BEN, CHLOE])
        anna, ben = self.id_of(tool, ANNA), self.id_of(tool, BEN)
        found = self.now(tool, anna, ben, anna)
        assert {each.id: each.status for each in found} == {anna: SUBSCRIBED, ben: UNSUBSCRIBED}
        assert len(found) == 2

    def test_consent_says_the_same_as_the_listing(self, tool: Tool) -> None:
        tool.hold([ANNA, BEN, CHLOE, DIRK])
        listed = {each.id: each for each in tool.audience.subscribers()}
        assert {each.id: each for each in self.now(tool, *listed)} == listed

    def test_consent_leaves_out_who_is_not_there(self, tool: Tool) -> None:
        tool.hold([ANNA, BEN])
        anna, ben = self.id_of(tool, ANNA), self.id_of(tool, BEN)
        tool.hold([ANNA])
        assert [each.id for each in self.now(tool, anna, ben, "", "'", "x'] OR 1=1,id:-['", "\x00", "\ud800")] == [anna]
        assert self.now(tool) == []

    def test_consent_sees_a_change_made_just_before(self, tool: Tool) -> None:
        tool.hold([ANNA, CHLOE])
        anna = self.id_of(tool, ANNA)
        for status in (SUBSCRIBED, UNSUBSCRIBED, SUBSCRIBED, SUPPRESSED):
            tool.hold([Person(email=ANNA.email, status=status), CHLOE])
            (found,) = self.now(tool, anna)
            assert found.status is (self.suppressed if status is SUPPRESSED else status)

    def test_more_people_than_a_page_are_read_whole(self, tool: Tool) -> None:
        people = list(crowd(1_234))
        tool.hold(people)
        listed = by_address(tool.audience.subscribers())
        assert listed.keys() == {each.email for each in people}
        assert {each.id for each in self.now(tool, *(each.id for each in listed.values()))} == {
            each.id for each in listed.values()
        }

    def test_a_reading_that_fails_midway_is_an_error_and_no_short_list(self, tool: Tool) -> None:
        tool.hold(crowd(1_234))
        tool.fail_midway()
        with pytest.raises((TransientError, ConfigError)):
            list(tool.audience.subscribers())

    def test_an_unsubscription_is_seen_by_the_next_reading(self, tool: Tool) -> None:
        tool.hold([ANNA, CHLOE])
        anna = self.id_of(tool, ANNA)
        for _ in range(2):
            cast("Unsubscribable", tool.audience).unsubscribe(anna)
            assert [each.status for each in self.now(tool, anna)] == [UNSUBSCRIBED]
        found = by_address(tool.audience.subscribers())
        assert [found[each.email].status for each in (ANNA, CHLOE)] == [UNSUBSCRIBED, SUBSCRIBED]

    def test_unsubscribing_who_is_not_there_is_no_error(self, tool: Tool) -> None:
        tool.hold([ANNA])
        for odd in ("nobody", "", "' OR ''='", "../members", "\ud800"):
            cast("Unsubscribable", tool.audience).unsubscribe(odd)
        assert [each.status for each in tool.audience.subscribers()] == [SUBSCRIBED]

    def test_unsubscribing_makes_nobody_less_suppressed(self, tool: Tool) -> None:
        tool.hold([DIRK])
        cast("Unsubscribable", tool.audience).unsubscribe(self.id_of(tool, DIRK))
        assert [each.status for each in tool.audience.subscribers()] == [self.suppressed]

    def test_odd_names_come_back_as_they_are(self, tool: Tool) -> None:
        people = [Person(email=f"odd{n}@example.org", name=name) for n, name in enumerate(ODD_NAMES)]
        tool.hold(people)
        found = by_address(tool.audience.subscribers())
        assert {each.email: found[each.email].name for each in people} == {each.email: each.name for each in people}

    def test_a_name_is_one_line(self, tool: Tool) -> None:
        tool.hold([Person(email="a@example.org", name="Anna\r\nBcc: everybody@example.org\u2028x")])
        (found,) = tool.audience.subscribers()
        assert found.name == "Anna Bcc: everybody@example.org x"

    def test_an_address_that_could_break_out_of_a_header_is_nobody_to_write_to(self, tool: Tool) -> None:
        addresses = (
            "a@example.org\nBcc: b@example.org",
            "a@example.org,b@example.org",
            "no-address",
            "a b@example.org",
        )
        for address in addresses:
            tool.hold([Person(email=address)])
            (found,) = tool.audience.subscribers()
            assert (found.flaw, found.status) == ("invalid_address", PENDING)

    def test_nobody_is_shown(self, tool: Tool) -> None:
        tool.hold([ANNA])
        (found,) = tool.audience.subscribers()
        assert "anna" not in repr(found).lower()

    def test_no_secret_is_shown(self, tool: Tool) -> None:
        shown = f"{tool.audience.identity} {tool.audience!r}"
        assert tool.audience.identity
        assert not [secret for secret in self.secrets if secret in shown]

    def test_a_check_counts_and_is_content(self, tool: Tool) -> None:
        tool.hold([ANNA, CHLOE])
        findings = list(cast("Checkable", tool.audience).check())
        assert {each.level for each in findings} == {Level.OK}
        assert any(re.search(r"\b2 [a-z]", each.seen) for each in findings)
        assert not [each for each in findings if "example.org" in each.seen]

    def test_memory_stays_flat_however_many_there_are(self, tool: Tool) -> None:
        tool.hold(crowd(self.many))
        gc.collect()
        tracemalloc.start()
        try:
            assert sum(1 for _ in tool.audience.subscribers()) == self.many
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 5_000_000
