"""The wire: what requests would do behind our back."""

import socket
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.wix.auth import ApiKey
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.wire import Wire, _new_session
from ticket_pipeline_tests.wix.scripted import BASE_URL, OpenBudget, ok, scene


def test_a_netrc_does_not_overwrite_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine wix.test login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    stage = scene(ok({}))
    stage.client.call("GET", "/x")
    assert stage.sent[0].headers["Authorization"] == "IST.secret-key"


def test_the_session_has_no_retries_of_its_own_and_keeps_no_cookies() -> None:
    session = _new_session()
    adapter = session.get_adapter(BASE_URL)
    assert adapter.max_retries.total == 0  # type: ignore[attr-defined]  # an HTTPAdapter, typed as its base
    assert session.cookies._policy.is_not_allowed("wix.test")  # type: ignore[attr-defined]  # no public way to ask


def test_the_host_is_named_without_credentials() -> None:
    wire = Wire(
        base_url="https://user:secret@wix.test:8443/api/",
        who="me",
        budget=OpenBudget(),
        timeout=(1.0, 1.0),
        sleep=lambda _: None,
    )
    assert wire.host == "wix.test:8443"


def local_client(base_url: str) -> WixClient:
    return WixClient(
        base_url=base_url,
        auth=ApiKey(api_key="k", site_id="s"),
        budget=OpenBudget(),
        timeout=(1.0, 0.2),
        sleep=lambda _: None,
        attempts=2,
    )


def test_a_port_where_nobody_listens_is_transient() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = local_client(address)
    with pytest.raises(TransientError, match="the connection failed"):
        client.call("GET", "/x")
    assert client.requests_spent == 2


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = local_client(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(TransientError, match="timed out"):
            client.call("GET", "/x")


def test_a_missing_bundle_of_certificates_is_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(ConfigError, match="CA certificate bundle"):
        local_client("https://127.0.0.1:9").call("GET", "/x")
