"""No answer: what passes, and what a person must mend."""

import socket
import ssl

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.exceptions import SSLError as WrappedSSLError

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.wix.failure import no_answer
from ticket_pipeline.wix.request import Request

REQUEST = Request(method="POST", path="/events/v3/events/query")
CONNECTION = HTTPConnection("wix.test")
POOL = None


def unresolved(code: int) -> requests.ConnectionError:
    cause = socket.gaierror(code, "resolver says no")
    reason = NameResolutionError("wix.test", CONNECTION, cause)
    reason.__cause__ = cause
    return requests.ConnectionError(MaxRetryError(POOL, "/", reason))  # type: ignore[arg-type]  # a pool is not needed


def tls(cause: Exception) -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(MaxRetryError(POOL, "/", WrappedSSLError(cause)))  # type: ignore[arg-type]  # see above


def refused_connection() -> requests.ConnectionError:
    reason = NewConnectionError(CONNECTION, "connection refused")
    return requests.ConnectionError(MaxRetryError(POOL, "/", reason))  # type: ignore[arg-type]  # see above


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (requests.ConnectTimeout(), "timed out"),
        (requests.ReadTimeout(), "timed out"),
        (refused_connection(), "the connection failed"),
        (requests.ConnectionError(ProtocolError("cut", ConnectionResetError())), "the connection failed"),
        (requests.exceptions.ChunkedEncodingError(), "the answer was cut off"),
        (requests.exceptions.ContentDecodingError(), "the answer was cut off"),
        (requests.exceptions.ProxyError(), "the proxy did not connect"),
        (unresolved(socket.EAI_AGAIN), "the connection failed"),
        (tls(ssl.SSLEOFError(8, "EOF")), "the connection failed"),
    ],
)
def test_what_passes_is_transient(error: OSError, sentence: str) -> None:
    failure = no_answer(error, REQUEST, host="wix.test")
    assert isinstance(failure, TransientError)
    assert str(failure) == f"wix: no answer from wix.test for {REQUEST}: {sentence}; try again later"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (unresolved(socket.EAI_NONAME), "the host is unknown; check base_url"),
        (tls(untrusted()), r"its certificate is not trusted \(self-signed certificate\)"),
        (tls(ssl.SSLError(1, "WRONG_VERSION_NUMBER")), "does not speak TLS"),
        (requests.exceptions.InvalidURL(), "check base_url"),
        (requests.exceptions.InvalidHeader("Authorization: IST.secret"), "cannot be sent"),
        (OSError("Could not find a suitable TLS CA certificate bundle"), "CA certificate bundle"),
    ],
)
def test_what_a_person_must_mend_is_config(error: OSError, sentence: str) -> None:
    failure = no_answer(error, REQUEST, host="wix.test")
    assert isinstance(failure, ConfigError)
    with pytest.raises(ConfigError, match=sentence):
        raise failure
    assert "secret" not in str(failure)
