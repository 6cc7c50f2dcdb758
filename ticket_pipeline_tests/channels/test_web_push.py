"""Web push: what a push service gets, what its answers mean, and where nothing is sent to."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr, ValidationError

from ticket_pipeline.channels.web_push import Config, WebPush
from ticket_pipeline.model.message import Fate, Message
from ticket_pipeline.model.subscriber import PushSubscription, Subscriber
from ticket_pipeline_tests.channels.contract import ChannelContract
from ticket_pipeline_tests.channels.people import message, person
from ticket_pipeline_tests.channels.push_service import (
    HANG_UP,
    Browser,
    PushService,
    b64,
    public_bytes,
    push_service,
    unb64,
)

NOW = datetime(2026, 3, 27, 9, tzinfo=UTC)
KEY = ec.derive_private_key(7, ec.SECP256R1())
RAW_KEY = b64((7).to_bytes(32, "big"))
BROWSER = Browser(auth=bytes(range(16)))


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as service:
        yield service


def config(**settings: Any) -> Config:
    return Config.model_validate({"private_key": RAW_KEY, "contact": "mailto:ops@example.org", "timeout": 5} | settings)


def web_push(**settings: Any) -> WebPush:
    return WebPush(config(allow_local=True, **settings), now=lambda: NOW)


def subscriber(service: PushService, path: str = "/one") -> Subscriber:
    return person(None, id=path, push=BROWSER.subscription(f"{service.origin}{path}"))


class TestWebPush(ChannelContract):
    """Web push keeps the contract."""

    @pytest.fixture
    def channel(self, service: PushService) -> WebPush:
        self.service = service
        return web_push()

    def reachable(self, number: int) -> Subscriber:
        return subscriber(self.service, f"/{number}")

    def unreachable(self) -> Subscriber:
        return person("ann@example.org", push=None)

    def arrived(self) -> list[str]:
        return [each.headers["Topic"] for each in self.service.pushes]

    def arrange(self, subscriber: Subscriber, fate: Fate) -> None:
        status = {Fate.REFUSED: 410, Fate.POSTPONED: 503, Fate.UNKNOWN: HANG_UP}[fate]
        self.service.answers[subscriber.id] = (status, {})


def test_the_browser_can_read_it_and_nobody_else(service: PushService) -> None:
    one = message(subscriber(service))
    list(web_push().send([one]))
    (push,) = service.pushes
    assert BROWSER.decrypt(push.body) == {
        "title": one.push_title,
        "body": one.push_body,
        "url": one.link,
        "tag": one.key,
        "lang": "en",
    }
    assert b"Long Songs" not in push.body
    assert push.headers["Content-Encoding"] == "aes128gcm"
    assert push.headers["Content-Type"] == "application/octet-stream"
    assert (push.headers["TTL"], push.headers["Urgency"], push.headers["Topic"]) == ("14400", "high", one.key)


def test_the_push_service_can_tell_who_sent_it(service: PushService) -> None:
    list(web_push().send([message(subscriber(service))]))
    claims = service.pushes[0].claims(service.origin)
    assert claims["sub"] == "mailto:ops@example.org"
    assert NOW.timestamp() < claims["exp"] <= (NOW + timedelta(hours=24)).timestamp()


def test_the_same_message_is_never_encrypted_the_same(service: PushService) -> None:
    list(web_push().send([message(subscriber(service))] * 2))
    assert service.pushes[0].body != service.pushes[1].body


def test_it_is_signed_anew_in_time(service: PushService) -> None:
    now = [NOW]
    channel = WebPush(config(allow_local=True), now=lambda: now[0])
    for hours in (0, 1, 11, 30):
        now[0] = NOW + timedelta(hours=hours)
        list(channel.send([message(subscriber(service))]))
        expires = service.pushes[-1].claims(service.origin)["exp"]
        assert now[0].timestamp() < expires <= (now[0] + timedelta(hours=24)).timestamp()
    assert len({each.headers["Authorization"] for each in service.pushes}) == 3


def test_many_pushes_share_a_connection(service: PushService) -> None:
    list(web_push().send([message(subscriber(service, f"/{number}")) for number in range(20)]))
    assert service.connections == 1


@pytest.mark.parametrize(
    ("status", "fate", "code"),
    [
        (200, Fate.SENT, None),
        (202, Fate.SENT, None),
        (404, Fate.REFUSED, "gone"),
        (410, Fate.REFUSED, "gone"),
        (413, Fate.REFUSED, "too_large"),
        (400, Fate.REFUSED, "bad_request"),
        (403, Fate.REFUSED, "key_refused"),
        (307, Fate.REFUSED, "http_307"),
        (429, Fate.POSTPONED, "too_many_requests"),
        (500, Fate.POSTPONED, "http_500"),
        (503, Fate.POSTPONED, "http_503"),
    ],
)
def test_each_answer_has_its_meaning(service: PushService, status: int, fate: Fate, code: str | None) -> None:
    service.answers["/one"] = (status, {"Location": f"{service.origin}/elsewhere"})
    (delivery,) = web_push().send([message(subscriber(service))])
    assert (delivery.fate, delivery.code) == (fate, code)
    assert [each.path for each in service.pushes] == ["/one"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("30", 30.0), ("Fri, 27 Mar 2026 09:02:00 GMT", 120.0), ("soon", None), ("99999999", 86_400.0)],
)
def test_how_long_to_wait_is_passed_on(service: PushService, said: str, seconds: float | None) -> None:
    service.answers["/one"] = (429, {"Retry-After": said})
    (delivery,) = web_push().send([message(subscriber(service))])
    assert delivery.retry_after == seconds


def test_a_push_service_that_cannot_be_reached_is_left_alone_and_others_are_not(service: PushService) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        deaf = f"http://localhost:{taken.getsockname()[1]}/x"
        people = [person(None, id=str(number), push=BROWSER.subscription(deaf)) for number in range(6)]
        deliveries = list(web_push().send([message(each) for each in [*people, subscriber(service)]]))
    assert [each.fate for each in deliveries] == [Fate.POSTPONED] * 6 + [Fate.SENT]
    assert {each.code for each in deliveries[:6]} == {"connection_lost"}


def test_a_payload_too_long_is_refused_here(service: PushService) -> None:
    one = message(subscriber(service))
    long = Message(**{**vars(one), "push_body": "x" * 5000})
    assert [each.code for each in web_push().send([long])] == ["too_large"]
    assert service.pushes == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.5/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.5]/x",
        "https://[fd00::1]/x",
        "https://0.0.0.0/x",
        "https://user:pw@push.example.org/x",
        "ftp://push.example.org/x",
        "https:///x",
        "https://push.example.org:port/x",
        "https://push.example.org/\r\nHost: x",
        "",
    ],
)
def test_what_is_no_public_push_service_is_not_reached(endpoint: str) -> None:
    somebody = person(None, id="x", push=BROWSER.subscription(endpoint))
    channel = WebPush(config())
    assert not channel.reaches(somebody)
    assert [each.code for each in channel.send([message(somebody)])] == ["invalid_subscription"]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "after the check"])
def test_a_name_that_leads_into_a_private_network_gets_nothing(monkeypatch: pytest.MonkeyPatch, later: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        port = inside.getsockname()[1]
        real, asked = socket.getaddrinfo, list[str]()

        def resolve(host: str, *rest: Any, **named: Any) -> Any:
            asked.append(host)
            public = later and len(asked) == 1
            return real("93.184.215.14" if public else "127.0.0.1", *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        # The handshake is not the point here.
        monkeypatch.setattr("urllib3.connection._ssl_wrap_socket_and_match_hostname", _no_handshake)
        somebody = person(None, id="x", push=BROWSER.subscription(f"https://push.example.org:{port}/x"))
        (delivery,) = WebPush(config()).send([message(somebody)])
        assert (delivery.fate, delivery.code) == (Fate.REFUSED, "invalid_subscription")
        assert asked[0] == "push.example.org"
        inside.settimeout(1 if later else 0)
        if not later:
            with pytest.raises(BlockingIOError):
                inside.accept()
            return
        connection, _ = inside.accept()
        with connection:
            assert connection.recv(10) == b""


def _no_handshake(*, sock: socket.socket, **_: object) -> Any:
    from urllib3.connection import _WrappedAndVerifiedSocket

    return _WrappedAndVerifiedSocket(socket=sock, is_verified=True)  # type: ignore[arg-type]  # a plain socket


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", ""), ("AAAA", b64(bytes(16))), (b64(b"\4" + bytes(64)), b64(bytes(16))), ("not base64!", "x")],
)
def test_keys_that_are_none_are_not_reached(p256dh: str, auth: str) -> None:
    push = PushSubscription(endpoint="https://push.example.org/x", p256dh=p256dh, auth=auth)
    assert not WebPush(config()).reaches(person(push=push))


def test_a_key_may_be_raw_der_or_pem() -> None:
    forms = [
        RAW_KEY,
        RAW_KEY + "=",
        b64(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    ]
    shown = [next(iter(WebPush(config(private_key=form)).check())).seen for form in forms]
    assert len(set(shown)) == 1
    assert b64(public_bytes(KEY.public_key())) in shown[0]
    assert unb64(RAW_KEY) == (7).to_bytes(32, "big")


@pytest.mark.parametrize(
    "wrong", [{"private_key": "secret"}, {"private_key": b64(bytes(32))}, {"contact": "ops@example.org"}, {"ttl": -1}]
)
def test_what_cannot_work_is_refused_and_no_secret_is_repeated(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        config(**wrong)
    assert "secret" not in str(error.value)


def test_no_secret_is_shown() -> None:
    declared = Config(private_key=SecretStr(RAW_KEY), contact="mailto:ops@example.org")
    assert RAW_KEY not in repr((declared, vars(WebPush(declared))))


def test_a_trial_setting_is_pointed_out() -> None:
    assert [each.level for each in web_push().check()] == ["warning"]
    assert [each.level for each in WebPush(config()).check()] == ["ok"]
