"""A request that got no answer -> the error it stands for."""

import socket
import ssl
from collections.abc import Iterator

import requests

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.wix.request import Request

#: Name lookups that will fail tomorrow too; the others (EAI_AGAIN, a resolver that is down) pass.
_UNKNOWN_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
#: A cut connection in the guise of a TLS error.
_CUT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, TimeoutError, ConnectionError)
_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


def no_answer(error: OSError, request: Request, *, host: str) -> ConfigError | TransientError:
    """Tell what a person or a later try can do about a request without an answer.

    ConfigError: TLS does not trust the host, the host does not exist, base_url or a proxy setting is unusable.
    TransientError: time-outs, refused and cut connections, a resolver that is down. The text of the error itself
    is not repeated: it may hold headers.
    """
    subject = f"wix: no answer from {host} for {request}"
    causes = tuple(_causes(error))
    if _is_unknown_host(causes):
        return ConfigError(f"{subject}: the host is unknown; check base_url (default https://www.wixapis.com)")
    if isinstance(error, requests.exceptions.SSLError) and not any(isinstance(each, _CUT) for each in causes):
        return ConfigError(f"{subject}: {_tls_fault(causes)}; check base_url, any proxy, and REQUESTS_CA_BUNDLE")
    if isinstance(error, _UNUSABLE):
        return ConfigError(f"{subject}: the request cannot be sent; check base_url and the credentials")
    if not isinstance(error, requests.RequestException):
        return ConfigError(f"{subject}: {error}")
    return TransientError(f"{subject}: {_passing_fault(error)}; try again later")


def _is_unknown_host(causes: tuple[BaseException, ...]) -> bool:
    return any(isinstance(each, socket.gaierror) and each.errno in _UNKNOWN_HOST for each in causes)


def _tls_fault(causes: tuple[BaseException, ...]) -> str:
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({each.verify_message})"
    return "it does not speak TLS as expected"


def _passing_fault(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not connect"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "the answer was cut off"
    return "the connection failed"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk what an error wraps: requests wraps urllib3, which wraps the socket's own."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting.extend((*each.args, getattr(each, "reason", None), each.__cause__))
