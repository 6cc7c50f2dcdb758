"""The destination in memory."""

from types import ModuleType
from typing import ClassVar

import pytest

from ticket_pipeline.destinations import memory
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.memory import Config, Memory, Place
from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.record import Record
from ticket_pipeline_tests.destinations.changes import create, wix_id
from ticket_pipeline_tests.destinations.contract import DestinationContract
from ticket_pipeline_tests.mapping.tickets import ticket


class TestMemory(DestinationContract):
    """Memory keeps the contract."""

    kind: ClassVar[ModuleType] = memory

    @pytest.fixture
    def destination(self) -> Memory:
        return Memory(Config())

    def writes(self, destination: Destination) -> int:
        assert isinstance(destination, Memory)
        return destination.place.writes

    def refuse(self, destination: Destination, record: Record) -> Record:
        assert isinstance(destination, Memory)
        destination.place.refuse[record.definition_id] = "not this one"
        return record

    def test_the_same_name_is_the_same_place(self) -> None:
        first = memory.connect(Config(name="one place"), self.mapping())
        second = memory.connect(Config(name="one place"), self.mapping())
        other = memory.connect(Config(name="another place"), self.mapping())
        self.create(first, ticket(id=wix_id()))
        assert [len(list(each.find())) for each in (first, second, other)] == [1, 1, 0]
        assert first.identity == second.identity != other.identity

    @pytest.mark.parametrize(("late", "held"), [(False, 1), (True, 2)])
    def test_a_failure_can_come_before_or_after_the_write(self, late: bool, held: int) -> None:
        destination = Memory(Config(), Place(fail_after=1, fail_late=late))
        changes = [create(self.record(ticket(id=wix_id()))) for _ in range(3)]
        outcomes = destination.apply(changes)
        next(outcomes)
        with pytest.raises(TransientError):
            next(outcomes)
        assert len(list(destination.find())) == held
        assert len(list(destination.apply(changes))) == 3

    def test_a_check_finds_nothing_wrong(self) -> None:
        assert [finding.level for finding in Memory(Config()).check()] == ["ok"]
