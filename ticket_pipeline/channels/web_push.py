"""Notifications in the browser, by web push.

https://www.rfc-editor.org/rfc/rfc8030. The service worker gets JSON: `title`, `body`, `url`, `tag`, `lang`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

import requests
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from requests.exceptions import ConnectTimeout, RequestException, SSLError
from urllib3.exceptions import MaxRetryError

from ticket_pipeline.channels._web_push_crypto import LONGEST_PAYLOAD, Keys, Vapid, encrypt, keys_of, read_private_key
from ticket_pipeline.channels._web_push_wire import PrivateAddressError, as_it_is, is_endpoint, new_session
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.message import Delivery, Fate, Message
from ticket_pipeline.model.subscriber import PushSubscription, Subscriber

#: A push service that could not be reached so often in a row is left alone for the rest of a blast.
_GIVE_UP_AFTER = 3
_SENT = {200, 201, 202, 204}
_GONE = {404, 410}
_LONGEST_WAIT = 86_400.0
_WORDS = {400: "bad_request", 401: "key_refused", 403: "key_refused", 413: "too_large"}


def _private_key(given: SecretStr) -> SecretStr:
    read_private_key(given.get_secret_value())
    return given


class Config(BaseModel):
    """Who pushes, and how urgently."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    private_key: Annotated[SecretStr, AfterValidator(_private_key)] = Field(
        description="VAPID private key, base64url or PEM: the one whose public key browsers subscribed with"
    )
    contact: str = Field(
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$",
        description="Where push services reach you when something is wrong: mailto:ops@example.org",
    )
    ttl: int = Field(default=14_400, ge=0, le=2_419_200, description="Seconds a push waits for a browser that is off")
    urgency: Literal["very-low", "low", "normal", "high"] = Field(default="high", description="RFC 8030, 5.3")
    allow_local: bool = Field(default=False, description="Also push to private addresses and http: for trials only")
    timeout: float = Field(default=10, gt=0, le=120, description="Seconds to wait for a push service")


def connect(config: Config) -> "WebPush":
    """Make the channel; no connection is opened."""
    return WebPush(config)


class WebPush:
    """Hands encrypted notifications to the push services of the browsers' makers."""

    kind = "web_push"

    def __init__(
        self,
        config: Config,
        session: requests.Session | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep the key and a session; nothing is opened."""
        self._config = config
        self._vapid = Vapid(read_private_key(config.private_key.get_secret_value()), config.contact)
        self._session = session or new_session(allow_local=config.allow_local)
        self._now = now
        self.identity = f"web push as {config.contact}"

    def reaches(self, subscriber: Subscriber) -> bool:
        """Tell whether there is a subscription that could work."""
        return self._keys(subscriber.push) is not None

    def address(self, subscriber: Subscriber) -> str:
        """Give the endpoint."""
        return subscriber.push.endpoint if subscriber.push else ""

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Push one by one; a push service that cannot be reached is left alone after a while."""
        unreachable: Counter[str] = Counter()
        for message in messages:
            host = _host(message)
            if unreachable[host] >= _GIVE_UP_AFTER:
                yield _postponed(message, "connection_lost", f"{host} cannot be reached")
                continue
            delivery = self._deliver(message, host)
            unreachable[host] = unreachable[host] + 1 if delivery.code == "connection_lost" else 0
            yield delivery

    def check(self) -> Iterable[Finding]:
        """Show the public key, which the web page must subscribe browsers with."""
        seen = f"the key is good; browsers subscribe with {self._vapid.public_key}"
        if self._config.allow_local:
            remedy = "leave allow_local out, except for trials: subscriptions could lead into your own network"
            return [Finding(level=Level.WARNING, what="web_push", seen=f"{seen}; allow_local is on", remedy=remedy)]
        return [Finding(level=Level.OK, what="web_push", seen=seen)]

    def _keys(self, push: PushSubscription | None) -> Keys | None:
        """Give the keys of a subscription that could work."""
        if push is None or not is_endpoint(push.endpoint, allow_local=self._config.allow_local):
            return None
        return keys_of(push)

    def _deliver(self, message: Message, host: str) -> Delivery:
        push, keys = message.to.push, self._keys(message.to.push)
        if push is None or keys is None:
            return _refused(message, "invalid_subscription", "there is no subscription of a public https push service")
        payload = _payload(message)
        if len(payload) > LONGEST_PAYLOAD:
            return _refused(message, "too_large", f"a push holds {LONGEST_PAYLOAD} bytes, this one is {len(payload)}")
        try:
            response = self._post(push.endpoint, encrypt(payload, keys), topic=message.key)
        except PrivateAddressError as error:
            return _refused(message, "invalid_subscription", str(error))
        except RequestException as error:
            return _broken(message, host, error)
        return _judged(message, host, response, now=self._now())

    def _post(self, endpoint: str, body: bytes, *, topic: str) -> requests.Response:
        response = self._session.post(
            endpoint,
            data=body,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Encoding": "aes128gcm",
                "TTL": str(self._config.ttl),
                "Urgency": self._config.urgency,
                "Topic": topic,
                "Authorization": self._vapid.authorization(endpoint, now=self._now()),
            },
            auth=as_it_is,
            timeout=self._config.timeout,
            allow_redirects=False,
            stream=True,
        )
        # What they say beyond the status is not read: it may be long, slow, or name the person.
        if response.headers.get("Content-Length") == "0":
            _ = response.content
        response.close()
        return response


def _payload(message: Message) -> bytes:
    said = {
        "title": message.push_title,
        "body": message.push_body,
        "url": message.link,
        "tag": message.key,
        "lang": message.language,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _judged(message: Message, host: str, response: requests.Response, *, now: datetime) -> Delivery:
    status = response.status_code
    if status in _SENT:
        return Delivery(key=message.key, fate=Fate.SENT)
    reason = f"{host} answered {status}"
    if status in _GONE:
        return _refused(message, "gone", f"{reason}: the browser has unsubscribed")
    if status == 429 or status >= 500:
        word = "too_many_requests" if status == 429 else f"http_{status}"
        wait = _retry_after(response.headers.get("Retry-After"), now=now)
        return _postponed(message, word, reason, retry_after=wait)
    return _refused(message, _WORDS.get(status, f"http_{status}"), reason)


def _broken(message: Message, host: str, error: RequestException) -> Delivery:
    """Tell what was not handed over from what may have been."""
    inner = error.args[0] if error.args else None
    before = isinstance(error, ConnectTimeout | SSLError) or isinstance(inner, MaxRetryError)
    if before and not isinstance(error, requests.ReadTimeout):
        return _postponed(message, "connection_lost", f"{host} cannot be reached ({type(error).__name__})")
    reason = f"{host} did not say whether it took the push ({type(error).__name__})"
    return Delivery(key=message.key, fate=Fate.UNKNOWN, code="cut_off", reason=reason)


def _refused(message: Message, code: str, reason: str) -> Delivery:
    return Delivery(key=message.key, fate=Fate.REFUSED, code=code, reason=reason)


def _postponed(message: Message, code: str, reason: str, *, retry_after: float | None = None) -> Delivery:
    return Delivery(key=message.key, fate=Fate.POSTPONED, code=code, reason=reason, retry_after=retry_after)


def _host(message: Message) -> str:
    try:
        return urlsplit(message.to.push.endpoint).hostname or "?" if message.to.push else "?"
    except ValueError:
        return "?"


def _retry_after(text: str | None, *, now: datetime) -> float | None:
    """Read seconds or a date."""
    if text is None:
        return None
    try:
        seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
