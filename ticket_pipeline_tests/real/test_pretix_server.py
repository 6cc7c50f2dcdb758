"""The rig itself: pretix answers, and the connector's token may do no more than it must."""

import pytest
import requests

from ticket_pipeline_tests.real.pretix_server import Pretix


def test_pretix_answers_and_an_event_can_be_made(pretix: Pretix) -> None:
    pretix.make_event("rig")
    assert "rig" in [each["slug"] for each in pretix.pages("events/")]


@pytest.mark.parametrize("path", ["orders/", "vouchers/"])
def test_the_connectors_token_may_not_look_at_people(pretix: Pretix, path: str) -> None:
    pretix.make_event(f"least-{path[:-1]}")
    url = f"{pretix.url}/api/v1/organizers/{pretix.organizer}/events/least-{path[:-1]}/{path}"
    assert requests.get(url, headers={"Authorization": f"Token {pretix.token}"}, timeout=30).status_code == 403
