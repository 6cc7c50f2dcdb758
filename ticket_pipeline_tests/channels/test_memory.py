"""The channel in memory."""

import pytest

from ticket_pipeline.channels import memory
from ticket_pipeline.channels.memory import Config, Memory
from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.message import Fate
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline_tests.channels.contract import ChannelContract
from ticket_pipeline_tests.channels.people import message, person


class TestMemory(ChannelContract):
    """Memory keeps the contract."""

    @pytest.fixture
    def channel(self) -> Memory:
        self.memory = Memory(Config())
        return self.memory

    def reachable(self, number: int) -> Subscriber:
        return person(f"p{number}@example.org")

    def unreachable(self) -> Subscriber:
        return person("nowhere")

    def arrived(self) -> list[str]:
        return [each.key for each in self.memory.place.messages]

    def arrange(self, subscriber: Subscriber, fate: Fate) -> None:
        self.memory.place.fates[subscriber.id] = fate

    def test_the_same_name_is_the_same_place(self) -> None:
        one, two = memory.connect(Config(name="here")), memory.connect(Config(name="here"))
        other = memory.connect(Config(name="there"))
        list(one.send([message(person())]))
        assert [len(each.place.messages) for each in (one, two, other)] == [1, 1, 0]

    def test_it_can_be_down_after_some(self) -> None:
        channel = Memory(Config())
        channel.place.down_after = 1
        deliveries = channel.send([message(person()), message(person("bob@example.org"))])
        assert next(deliveries).fate is Fate.SENT
        with pytest.raises(TransientError):
            next(deliveries)
        assert len(channel.place.messages) == 1

    def test_a_check_finds_nothing_wrong(self) -> None:
        assert [finding.level for finding in Memory(Config()).check()] == ["ok"]
