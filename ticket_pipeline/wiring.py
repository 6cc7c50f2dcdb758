"""The declared pipeline -> working parts; the only place where things are built."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import cast

from ticket_pipeline import audiences, channels, destinations, kinds
from ticket_pipeline.audiences.base import Audience
from ticket_pipeline.channels.base import Channel
from ticket_pipeline.config import mapping_of
from ticket_pipeline.destinations.base import Destination, Limited, Reliant
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.announce_parts import AnnounceParts, utc_now
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.messages.templates import Templates
from ticket_pipeline.messages.trial import load_templates
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.retention_settings import RetentionSettings
from ticket_pipeline.settings import (
    AnnouncementSettings,
    ApiKeyAuth,
    AppAuth,
    CounterSettings,
    Pipeline,
    ServerSettings,
    SiteSettings,
    SyncSettings,
    WixSettings,
)
from ticket_pipeline.store import links
from ticket_pipeline.store.budget import SharedBudget
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.secret import installation_secret
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.unsubscribe.links import UnsubscribeLinks
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.keys import read_keys
from ticket_pipeline.wix.auth import ApiKey, AppCredentials, Auth
from ticket_pipeline.wix.client import WixClient

#: Where the server is found from this machine, where nobody says how it is found from elsewhere.
LOCAL_URL = "http://127.0.0.1:8787"


@dataclass(frozen=True)
class Site:
    """One site's working parts; each is built when it is first asked for."""

    name: str
    settings: SiteSettings
    database: Database
    #: How to wait for a request's turn and between tries, in seconds; tests do not wait.
    sleep: Callable[[float], None] = time.sleep
    server: ServerSettings = field(default_factory=ServerSettings)
    #: Tells the time announcements go by.
    clock: Callable[[], datetime] = utc_now
    retention: RetentionSettings = field(default_factory=RetentionSettings)

    @property
    def state(self) -> SiteState:
        """What we remember of the site."""
        return SiteState(database=self.database, site=self.name)

    @property
    def sync(self) -> SyncSettings:
        """What the site's sync was declared to be.

        Raises:
            ConfigError: the site has none.
        """
        return self.settings.declared_sync(self.name)

    @property
    def policy(self) -> Policy:
        """What publishing may do."""
        return self.sync.policy

    @cached_property
    def wix(self) -> WixClient:
        """The way to Wix, within the site's request budget, which all processes share."""
        wix = self.settings.wix
        budget = SharedBudget(self.database, self.name, wix.requests_per_minute)
        return WixClient(base_url=wix.base_url, auth=_auth(wix), budget=budget, sleep=self.sleep)

    @cached_property
    def wix_at_once(self) -> WixClient:
        """The way to Wix of those who cannot wait: each request is tried once, and given up after seconds."""
        wix = self.settings.wix
        budget = SharedBudget(self.database, self.name, wix.requests_per_minute)
        return WixClient(
            base_url=wix.base_url, auth=_auth(wix), budget=budget, sleep=self.sleep, attempts=1, timeout=(3.0, 10.0)
        )

    def endpoint(self) -> Endpoint | None:
        """Where the site's webhooks may come in; None where no public key is declared.

        Raises:
            ConfigError: a declared key is no public key.
        """
        wix = self.settings.wix
        if not wix.webhook_public_key:
            return None
        try:
            keys = read_keys(wix.webhook_public_key)
        except ConfigError as error:
            raise ConfigError(f"sites.{self.name}.wix.webhook_public_key: {error}") from error
        app = wix.auth if isinstance(wix.auth, AppAuth) else None
        return Endpoint(
            site=self.name,
            keys=keys,
            instance_id=app.instance_id if app else None,
            app_id=app.app_id if app else None,
        )

    @cached_property
    def mapping(self) -> FieldMapping:
        """The destination kind's default mapping, with the declared fields over it; it tells what is lost."""
        mapping = mapping_of(self.sync)
        if not hasattr(self.destination, "losses"):
            return mapping
        return replace(mapping, losses=cast("Limited", self.destination).losses)

    @cached_property
    def destination(self) -> Destination:
        """The external ticketing system."""
        declared = self.sync.destination
        module = kinds.load(destinations, declared.kind)
        destination: Destination = module.connect(declared, mapping_of(self.sync))
        if hasattr(destination, "rely_on"):
            cast("Reliant", destination).rely_on(lambda: self._external_ids(destination.identity))
        return destination

    def _external_ids(self, destination: str) -> dict[str, str]:
        with self.state.reading() as tx:
            return links.external_ids(tx, self.name, destination)

    @property
    def sync_parts(self) -> SyncParts | None:
        """What the site's sync works with; None where none is declared."""
        if self.settings.sync is None:
            return None
        return SyncParts(destination=self.destination, mapping=self.mapping, policy=self.policy)

    @property
    def place(self) -> str | None:
        """What the destination is called, without secrets; None where none is declared."""
        return self.sync_parts.destination.identity if self.sync_parts else None

    @property
    def counters(self) -> CounterSettings:
        """What the site's counters were declared to be.

        Raises:
            ConfigError: the site has none.
        """
        if self.settings.counters is None:
            raise ConfigError(f"sites.{self.name} declares no counters; add sites.{self.name}.counters")
        return self.settings.counters

    @property
    def announcements(self) -> AnnouncementSettings:
        """What the site's announcements were declared to be.

        Raises:
            ConfigError: the site has none.
        """
        if self.settings.announcements is None:
            raise ConfigError(
                f"sites.{self.name} declares no announcements; add sites.{self.name}.announcements with audience and "
                "channels"
            )
        return self.settings.announcements

    @cached_property
    def audience(self) -> Audience:
        """The marketing tool."""
        declared = self.announcements.audience
        audience: Audience = kinds.load(audiences, declared.kind).connect(declared)
        return audience

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The ways of telling people, as they were declared."""
        return tuple(kinds.load(channels, each.kind).connect(each) for each in self.announcements.channels)

    @cached_property
    def templates(self) -> Templates:
        """What people are told in, tried out."""
        return load_templates(self.announcements.templates)

    @cached_property
    def secret(self) -> str:
        """What unsubscribe links are signed, and recipients remembered, with.

        Raises:
            ConfigError: it is another than the one by which those who unsubscribed are remembered.
        """
        return read_secret(self.database, self.server)

    @property
    def announce_parts(self) -> AnnounceParts | None:
        """What the site's announcements are made with; None where none are declared."""
        if self.settings.announcements is None:
            return None
        return AnnounceParts(
            state=self.state,
            wix=self.wix,
            audience=self.audience,
            channels=self.channels,
            templates=self.templates,
            opt_in=self.announcements.audience.opt_in,
            late_limit=self.announcements.late_limit,
            resend=self.announcements.on_unknown == "resend",
            link=UnsubscribeLinks(site=self.name, url=self.server.public_url or LOCAL_URL, secret=self.secret),
            secret=self.secret,
            clock=self.clock,
            sleep=self.sleep,
        )


class Wiring:
    """The working parts of all declared sites, over one state."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Remember what was declared; nothing is opened yet."""
        self.pipeline = pipeline
        self._sleep = sleep
        self._clock = clock
        self._sites: dict[str, Site] = {}

    @cached_property
    def database(self) -> Database:
        """What we remember, opened and migrated."""
        return open_database(self.pipeline.state)

    @cached_property
    def secret(self) -> str:
        """What unsubscribe links are signed, and recipients remembered, with; see `Site.secret`."""
        return read_secret(self.database, self.pipeline.server)

    def site(self, name: str) -> Site:
        """Give one declared site's parts.

        Raises:
            ConfigError: no such site is declared.
        """
        if name not in self.pipeline.sites:
            raise ConfigError(f"unknown site {name!r}; declared: {', '.join(self.pipeline.sites)}")
        if name not in self._sites:
            declared = self.pipeline.sites[name]
            self._sites[name] = Site(
                name,
                declared,
                self.database,
                self._sleep,
                self.pipeline.server,
                self._clock,
                self.pipeline.retention,
            )
        return self._sites[name]

    def sites(self) -> list[Site]:
        """Give the parts of every declared site."""
        return [self.site(name) for name in self.pipeline.sites]


def read_secret(database: Database, server: ServerSettings) -> str:
    """Give the declared secret, or the one that is kept in the state.

    Raises:
        ConfigError: it is another than the one by which those who unsubscribed are remembered.
    """
    declared = server.secret.get_secret_value() if server.secret else None
    with database.writing() as tx:
        return installation_secret(tx, declared=declared, at=datetime.now(UTC))


def _auth(wix: WixSettings) -> Auth:
    if isinstance(wix.auth, ApiKeyAuth):
        return ApiKey(api_key=wix.auth.api_key.get_secret_value(), site_id=wix.auth.site_id)
    return AppCredentials(
        app_id=wix.auth.app_id,
        app_secret=wix.auth.app_secret.get_secret_value(),
        instance_id=wix.auth.instance_id,
    )
