"""What every kind of channel must pass: subclass `ChannelContract` in the kind's own test.

A subclass gives a fixture `channel`, `reachable(n)`, `unreachable`, `arrived` and `arrange`.
"""

import logging
from collections.abc import Iterator

import pytest

from ticket_pipeline.channels.base import Channel
from ticket_pipeline.model.message import Fate, Message
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline_tests.channels.people import message


class ChannelContract:
    """The promises of `Channel`."""

    def reachable(self, number: int) -> Subscriber:
        """Give one of many people the channel has a way to."""
        raise NotImplementedError

    def unreachable(self) -> Subscriber:
        """Give somebody it has no way to."""
        raise NotImplementedError

    def arrived(self) -> list[str]:
        """Give the keys of the messages that arrived, in order."""
        raise NotImplementedError

    def arrange(self, subscriber: Subscriber, fate: Fate) -> None:
        """Arrange that the next message to this person ends so."""
        raise NotImplementedError

    def messages(self, count: int) -> list[Message]:
        """Give messages to so many people."""
        return [message(self.reachable(number)) for number in range(count)]

    def test_each_message_arrives_once_and_in_order(self, channel: Channel) -> None:
        messages = self.messages(5)
        deliveries = list(channel.send(messages))
        assert [each.key for each in deliveries] == [each.key for each in messages] == self.arrived()
        assert [each.fate for each in deliveries] == [Fate.SENT] * 5
        assert {(each.code, each.reason) for each in deliveries} == {(None, None)}

    def test_no_messages_are_no_deliveries(self, channel: Channel) -> None:
        assert list(channel.send([])) == []

    def test_a_message_is_taken_only_when_the_delivery_before_was(self, channel: Channel) -> None:
        taken: list[str] = []

        def supply() -> Iterator[Message]:
            for each in self.messages(3):
                taken.append(each.key)
                yield each

        deliveries = iter(channel.send(supply()))
        assert taken == []
        for count in (1, 2, 3):
            next(deliveries)
            assert (len(taken), len(self.arrived())) == (count, count)

    def test_whoever_stops_listening_has_sent_no_more(self, channel: Channel) -> None:
        deliveries = iter(channel.send(self.messages(3)))
        next(deliveries)
        del deliveries
        assert len(self.arrived()) == 1

    def test_the_same_message_twice_is_sent_twice(self, channel: Channel) -> None:
        (one,) = self.messages(1)
        assert [each.fate for each in channel.send([one, one])] == [Fate.SENT] * 2
        assert self.arrived() == [one.key] * 2

    @pytest.mark.parametrize("fate", [Fate.REFUSED, Fate.POSTPONED, Fate.UNKNOWN])
    def test_the_fate_of_one_is_not_the_fate_of_the_others(self, channel: Channel, fate: Fate) -> None:
        messages = self.messages(3)
        self.arrange(messages[1].to, fate)
        deliveries = list(channel.send(messages))
        assert [each.key for each in deliveries] == [each.key for each in messages]
        assert [each.fate for each in deliveries] == [Fate.SENT, fate, Fate.SENT]
        assert deliveries[1].code
        assert deliveries[1].reason
        assert {messages[0].key, messages[2].key} <= set(self.arrived())

    def test_it_knows_whom_it_reaches(self, channel: Channel) -> None:
        assert channel.reaches(self.reachable(0))
        assert not channel.reaches(self.unreachable())

    def test_an_unreachable_person_is_refused(self, channel: Channel) -> None:
        (delivery,) = channel.send([message(self.unreachable())])
        assert delivery.fate is Fate.REFUSED
        assert self.arrived() == []

    def test_different_people_have_different_addresses(self, channel: Channel) -> None:
        assert len({channel.address(self.reachable(number)) for number in range(3)}) == 3

    def test_no_address_is_shown(self, channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        messages = self.messages(2)
        self.arrange(messages[0].to, Fate.REFUSED)
        deliveries = list(channel.send(messages))
        shown = repr((messages, deliveries, channel.identity, list(caplog.records), caplog.text))
        for each in messages:
            assert each.to.email is None or each.to.email not in shown
            assert channel.address(each.to) not in shown
            assert channel.address(each.to).rpartition(":")[2] not in shown

    def test_it_is_named_after_its_module(self, channel: Channel) -> None:
        assert type(channel).__module__ == f"ticket_pipeline.channels.{channel.kind}"
