"""Requests per minute."""

from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW, Api, Clock
from ticket_pipeline_tests.sandbox.test_auth import token

COUNT = f"{DEFINITIONS}/count"


def test_more_than_the_limit_in_a_minute_is_refused_and_time_heals_it() -> None:
    clock = Clock()
    limited = SandboxSettings(now=NOW, requests_per_minute=3, faults=Faults(retry_after=9))
    with running(limited, clock) as sandbox, Api(sandbox.base_url).session as session:
        api = Api(sandbox.base_url, session=session)
        for _ in range(3):
            api.ask("POST", COUNT, {})
            clock.forward(seconds=10)
        answer = api.call("POST", COUNT, {})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "9")
        clock.forward(seconds=30)
        api.ask("POST", COUNT, {})
        assert api.refused("POST", COUNT, {})[0] == 429


def test_each_installation_has_a_budget_of_its_own() -> None:
    with running(SandboxSettings(now=NOW, requests_per_minute=1), Clock()) as sandbox:
        api = Api(sandbox.base_url)
        with api.session:
            app = Api(sandbox.base_url, {"Authorization": token(api)}, api.session)
            for caller in (api, app):
                caller.ask("POST", COUNT, {})
                assert caller.refused("POST", COUNT, {})[0] == 429
