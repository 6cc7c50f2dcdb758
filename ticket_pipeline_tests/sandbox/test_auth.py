"""Who is let in, and as whom."""

from typing import Any

import pytest

from ticket_pipeline.sandbox.settings import (
    SANDBOX_ACCOUNT_ID,
    SANDBOX_API_KEY,
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
)
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, KEY, Api, Clock

COUNT = f"{DEFINITIONS}/count"
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": SANDBOX_APP_ID,
    "client_secret": SANDBOX_APP_SECRET,
    "instance_id": SANDBOX_INSTANCE_ID,
}


def token(api: Api, **credentials: Any) -> str:
    """Ask for a token."""
    body = {**CREDENTIALS, **credentials}
    return str(api.ask("POST", "/oauth2/token", body, headers={})["access_token"])


def status(api: Api, **headers: str) -> int:
    """Make a call with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call("POST", COUNT, {}, headers=named).status_code


def test_client_credentials_give_a_token_for_four_hours(api: Api, clock: Clock) -> None:
    answer = api.ask("POST", "/oauth2/token", CREDENTIALS, headers={})
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 14_400)
    clock.forward(seconds=14_399)
    assert status(api, authorization=answer["access_token"]) == 200
    clock.forward(seconds=1)
    assert status(api, authorization=answer["access_token"]) == 401


def test_a_token_is_accepted_bare_and_as_bearer(api: Api) -> None:
    text = token(api)
    assert status(api, authorization=text) == 200
    assert status(api, authorization=f"Bearer {text}") == 200


def test_credentials_may_come_as_a_form(api: Api) -> None:
    answer = api.session.post(f"{api.base_url}/oauth2/token", data=CREDENTIALS, timeout=5)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"client_secret": "guess"}, (401, "invalid_client")),
        ({"client_id": "other"}, (401, "invalid_client")),
        ({"instance_id": "other"}, (400, "invalid_grant")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    ],
    ids=str,
)
def test_wrong_credentials_are_refused_as_oauth_does(
    api: Api, wrong: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = api.call("POST", "/oauth2/token", {**CREDENTIALS, **wrong}, headers={})
    assert (answer.status_code, answer.json()["error"]) == expected
    assert answer.json()["error_description"]


def test_a_token_without_an_installation_needs_the_site(api: Api) -> None:
    text = token(api, instance_id=None)
    assert status(api, authorization=text) == 403
    assert status(api, authorization=text, wix_site_id=SANDBOX_SITE_ID) == 200


def test_visitors_have_no_permission(api: Api) -> None:
    body = {"clientId": SANDBOX_APP_ID, "grantType": "anonymous"}
    visitor = api.ask("POST", "/oauth2/token", body, headers={})["access_token"]
    assert status(api, authorization=visitor) == 403


def test_a_token_tells_what_it_is(api: Api) -> None:
    known = api.ask("POST", "/oauth2/token-info", {"token": token(api)}, headers={})
    assert (known["active"], known["instanceId"]) == (True, SANDBOX_INSTANCE_ID)
    assert api.refused("POST", "/oauth2/token-info", {"token": "made-up"}, headers={})[0] == 400


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": SANDBOX_API_KEY, "wix_site_id": SANDBOX_SITE_ID}, 200),
        ({"authorization": SANDBOX_API_KEY}, 403),
        ({"authorization": SANDBOX_API_KEY, "wix_site_id": SANDBOX_INSTANCE_ID}, 403),
        ({"authorization": SANDBOX_API_KEY, "wix_account_id": SANDBOX_ACCOUNT_ID}, 403),
        (
            {
                "authorization": SANDBOX_API_KEY,
                "wix_site_id": SANDBOX_SITE_ID,
                "wix_account_id": SANDBOX_ACCOUNT_ID,
            },
            400,
        ),
        ({"authorization": "another-key", "wix_site_id": SANDBOX_SITE_ID}, 401),
        ({"wix_site_id": SANDBOX_SITE_ID}, 401),
        ({}, 401),
    ],
    ids=str,
)
def test_an_api_key_opens_its_own_site(api: Api, headers: dict[str, str], expected: int) -> None:
    assert status(api, **headers) == expected


def test_every_operation_needs_a_credential(api: Api) -> None:
    for method, path in (
        ("POST", f"{DEFINITIONS}/query"),
        ("GET", f"{DEFINITIONS}/{SANDBOX_SITE_ID}"),
        ("POST", "/events/v3/events/query"),
        ("GET", "/events/v1/orders"),
    ):
        assert api.refused(method, path, headers={})[0] == 401


def test_drafts_are_for_the_api_key_not_for_the_app(api: Api) -> None:
    secret, whisper = api.event_id("secret-show"), api.named("Whisper")["id"]
    app = Api(api.base_url, {"Authorization": token(api)}, api.session)
    assert api.get(whisper)["name"] == "Whisper"
    assert app.refused("GET", f"{DEFINITIONS}/{whisper}")[0] == 403
    assert app.refused("POST", f"{DEFINITIONS}/query", {"query": {"filter": {"eventId": secret}}})[0] == 403
    assert app.refused("POST", "/events/v3/events/query", {"includeDrafts": True})[0] == 403
    assert app.refused("GET", f"/events/v3/events/{secret}")[0] == 403
    assert len(app.all()) == len(api.all()) - 2


def test_errors_have_wix_s_shape_and_every_answer_an_id(api: Api) -> None:
    refused = api.call("GET", f"{DEFINITIONS}/{SANDBOX_SITE_ID}", headers=KEY)
    assert refused.status_code == 404
    assert set(refused.json()) == {"message", "details"}
    error = refused.json()["details"]["applicationError"]
    assert set(error) == {"code", "description", "data"}
    granted = api.call("POST", COUNT, {})
    assert refused.headers["x-wix-request-id"] != granted.headers["x-wix-request-id"]


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    assert api.refused("GET", "/events/v9/nothing") == (404, "Not found")
    assert api.refused("PUT", f"{DEFINITIONS}/query")[0] == 405
