"""Tito's Admin API 3.0: one account's events and their releases, by `<event>/<release>`.

https://ti.to/docs/api/admin/3.0
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import requests

from ticket_pipeline.destinations._tito_release import Release
from ticket_pipeline.errors import ConfigError, NotFoundError, TransientError
from ticket_pipeline.json_api import Host, JsonApi

_PAGE = 1000
#: Releases come and go while a list is read page by page; so often it is read again.
_LOOKS = 3
#: Tito leaves archived releases out unless all states are asked for.
_STATES = (
    "on_sale",
    "off_sale",
    "not_sold_out",
    "sold_out",
    "public",
    "secret",
    "active",
    "archived",
    "changes_locked",
    "changes_allowed",
)


class TitoApi:
    """Calls Tito for one account; each call raises as `JsonApi.call` says."""

    def __init__(
        self, *, account: str, token: str, session: requests.Session | None, sleep: Callable[[float], None]
    ) -> None:
        """Keep the settings; nothing is sent yet."""
        self._api = JsonApi(_host(token), session, sleep=sleep)
        self._account = account
        self._currencies: dict[str, str] = {}

    def see_account(self) -> None:
        """See that the token is of somebody in the account.

        Raises:
            ConfigError: it is not.
        """
        accounts = self._api.object("GET", "/hello").get("accounts")
        if not isinstance(accounts, list) or self._account not in accounts:
            raise ConfigError(f"tito: the token does not see the account {self._account}; check account and token")

    def currency(self, event: str) -> str:
        """Read an event's currency, once."""
        if event not in self._currencies:
            found = self._read(event, "").get("event")
            currency = found.get("currency") if isinstance(found, dict) else None
            if not isinstance(currency, str):
                raise ConfigError(f"tito: event {event} does not say its currency; set it at Tito")
            self._currencies[event] = currency
        return self._currencies[event]

    def releases(self, event: str) -> list[Release]:
        """Read every release of an event, archived ones too: whole, or an error."""
        for _ in range(_LOOKS):
            found, total = self._pages(event)
            if len(found) == total:
                return list(found.values())
        raise TransientError(f"tito: not all releases of event {event} are shown; try again later")

    def release(self, at: str) -> Release:
        """Read one release."""
        return _release(self._api.object("GET", self._path(at)))

    def create(self, event: str, body: Mapping[str, Any]) -> Release:
        """Make a release; where nobody knows whether it was made, it is not tried again."""
        path = f"/{self._account}/{quote(event)}/releases"
        return _release(self._api.object("POST", path, body={"release": body}, once=True))

    def change(self, at: str, body: Mapping[str, Any]) -> None:
        """Change some attributes of a release."""
        self._api.call("PATCH", self._path(at), body={"release": body})

    def act(self, method: str, at: str, what: str) -> None:
        """Do to a release what is no attribute: `archival`, `activation`, `deactivation`."""
        self._api.call(method, f"{self._path(at)}/{what}")

    def delete(self, at: str) -> None:
        """Delete a release that has never sold."""
        self._api.call("DELETE", self._path(at))

    def _pages(self, event: str) -> tuple[dict[str, Release], int]:
        found: dict[str, Release] = {}
        page, total = 1, 0
        while page:
            params = {"page[size]": str(_PAGE), "page[number]": str(page), "search[states][]": list(_STATES)}
            answer = self._read(event, "/releases", params)
            listed, meta = answer.get("releases"), answer.get("meta")
            if not isinstance(listed, list) or not isinstance(meta, dict):
                raise ConfigError("tito: the answer holds no list of releases; look for a newer ticket-pipeline")
            found.update({each["slug"]: each for each in listed})
            said = meta.get("overall_total", meta.get("total_count"))
            total = said if isinstance(said, int) else -1
            following = meta.get("next_page")
            page = following if isinstance(following, int) and following > page else 0
        return found, total

    def _read(self, event: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._api.object("GET", f"/{self._account}/{quote(event)}{path}", params=params)
        except NotFoundError as error:
            raise ConfigError(f"{error}; check account, and the event {event!r} of events") from error

    def _path(self, at: str) -> str:
        event, _, release = at.partition("/")
        return f"/{self._account}/{quote(event, safe='')}/releases/{quote(release, safe='')}"


def _release(answer: Mapping[str, Any]) -> Release:
    found = answer.get("release")
    if not isinstance(found, dict) or not isinstance(found.get("slug"), str):
        raise ConfigError("tito: the answer holds no release; look for a newer ticket-pipeline")
    return found


def _host(token: str) -> Host:
    def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Token token={token}"
        return prepared

    return Host(
        kind="tito",
        base_url="https://api.tito.io/v3",
        sign=sign,
        credentials="check that token is a secret token that still exists, of somebody who may edit the event",
        words=_words,
    )


def _words(body: Any) -> str:
    """Say in Tito's words what is wrong: each attribute with its messages, or the message and hint there are."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    if isinstance(errors, dict) and "detail" in errors:
        return str(errors["detail"])
    if isinstance(errors, dict):
        said = ((name, some if isinstance(some, list) else [some]) for name, some in errors.items())
        return "; ".join(f"{name} {' and '.join(map(str, some))}" for name, some in said)
    return "; ".join(str(body[name]) for name in ("message", "hint") if body.get(name))
