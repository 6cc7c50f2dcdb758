"""Who is calling: app tokens by client credentials, and API keys.

Wix's documentation: REST, API reference, authorization, OAuth 2; get started, about API keys.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.refusals import Refusal, plain
from ticket_pipeline.sandbox.settings import SandboxSettings

LIFETIME = timedelta(seconds=14_400)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who was let in."""

    #: whose rate budget the request spends
    budget: str
    reads_drafts: bool


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token: whose, for which installation, until when."""

    client_id: str
    #: None for a visitor, or for an app's token without an installation
    instance_id: str | None
    visitor: bool
    expires: datetime


class Doorkeeper:
    """Issues tokens and checks what requests carry."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens: dict[str, Token] = {}

    def issue(self, given: Mapping[str, Any]) -> Document:
        """Issue an access token for client credentials, or a visitor's.

        Raises:
            Refusal: 400 or 401 in OAuth's own shape.
        """
        grant = given.get("grant_type") or given.get("grantType")
        if grant == "anonymous":
            return self._token(str(given.get("clientId")), None, visitor=True)
        if grant != "client_credentials":
            raise _oauth_error(400, "unsupported_grant_type", f"The grant type {grant} is not supported")
        secret = str(given.get("client_secret", ""))
        known = given.get("client_id") == self._settings.app_id
        if not known or not secrets.compare_digest(secret.encode(), self._settings.app_secret.encode()):
            raise _oauth_error(401, "invalid_client", "The client id or secret is wrong")
        instance_id = given.get("instance_id")
        if instance_id not in (None, self._settings.instance_id):
            raise _oauth_error(400, "invalid_grant", f"The app has no installation {instance_id}")
        return self._token(self._settings.app_id, instance_id, visitor=False)

    def info(self, text: Any) -> Document:
        """Tell what a token is.

        Raises:
            Refusal: 400.
        """
        token = self._tokens.get(text) if isinstance(text, str) else None
        if token is None:
            raise plain(400, "The token is not valid")
        active = token.expires > self._clock()
        subject = {"subjectType": "VISITOR" if token.visitor else "APP", "clientId": token.client_id}
        site = {"instanceId": token.instance_id, "siteId": self._settings.site_id}
        return {"active": active, "exp": int(token.expires.timestamp()), **subject, **site}

    def admit(self, headers: Mapping[str, str]) -> Caller:
        """Let a request in.

        Raises:
            Refusal: 401 without a valid credential, 403 for another site or a visitor, 400 for two scopes.
        """
        text = headers.get("authorization", "").removeprefix("Bearer ").strip()
        site = headers.get("wix-site-id")
        if secrets.compare_digest(text.encode(), self._settings.api_key.encode()):
            return self._admit_key(site, headers.get("wix-account-id"))
        token = self._tokens.get(text)
        if token is None or token.expires <= self._clock():
            raise plain(401, "The access token is missing, expired or not valid")
        if token.visitor:
            raise plain(403, "Visitors have no permission for this")
        if token.instance_id is None and site != self._settings.site_id:
            raise plain(403, "The token names no installation, and wix-site-id no site of the app")
        budget = self._settings.instance_id
        return Caller(budget=budget, reads_drafts=self._settings.app_reads_drafts)

    def expire_all(self) -> None:
        """Let every access token die now."""
        self._tokens.clear()

    def _admit_key(self, site: str | None, account: str | None) -> Caller:
        if site is not None and account is not None:
            raise plain(400, "Send wix-site-id or wix-account-id, not both")
        if site != self._settings.site_id:
            raise plain(403, "The API key has no permission for this site")
        return Caller(budget=self._settings.api_key, reads_drafts=True)

    def _token(self, client_id: str, instance_id: str | None, *, visitor: bool) -> Document:
        text = f"OauthNG.JWS.{secrets.token_urlsafe(48)}"
        now = self._clock()
        expires = now + LIFETIME
        self._tokens = {known: token for known, token in self._tokens.items() if token.expires > now}
        self._tokens[text] = Token(client_id=client_id, instance_id=instance_id, visitor=visitor, expires=expires)
        seconds = int(LIFETIME.total_seconds())
        return {"access_token": text, "token_type": "Bearer", "expires_in": seconds}


def _oauth_error(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})
