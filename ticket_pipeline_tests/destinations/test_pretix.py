"""pretix as a destination, against a stub with the real one's quirks; `real/` puts the real one through the same."""

import pytest

from ticket_pipeline.destinations.pretix import Pretix
from ticket_pipeline_tests.destinations.pretix_contract import CountingSession, PretixContract, reach
from ticket_pipeline_tests.destinations.pretix_stub import TOKEN, PretixStub

CONFIG = {"url": "http://pretix.test", "organizer": "stage", "token": TOKEN}


class TestPretix(PretixContract):
    """pretix keeps the contract."""

    @pytest.fixture
    def destination(self) -> Pretix:
        self.session = CountingSession()
        self.session.mount("http://", PretixStub())
        return reach(CONFIG, self.session)
