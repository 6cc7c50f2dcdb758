"""The destination contract, put to a real pretix."""

from itertools import count

import pytest

from ticket_pipeline.destinations.pretix import Pretix
from ticket_pipeline_tests.destinations.pretix_contract import CountingSession, PretixContract, reach
from ticket_pipeline_tests.real.pretix_server import Pretix as Server

_NUMBERS = count(1)


class TestRealPretix(PretixContract):
    """pretix keeps the contract; each test has an event of its own, which all its tickets go to."""

    @pytest.fixture
    def destination(self, pretix: Server) -> Pretix:
        self.session = CountingSession()
        slug = pretix.make_event(f"contract-{next(_NUMBERS)}")
        config = {"url": pretix.url, "organizer": pretix.organizer, "token": pretix.token, "event": slug}
        return reach(config, self.session)
