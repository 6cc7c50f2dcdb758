"""The declared pipeline -> working parts; the only place where things are built."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ticket_pipeline import destinations, kinds
from ticket_pipeline.config import mapping_of
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.settings import ApiKeyAuth, AppAuth, Pipeline, SiteSettings, SyncSettings, WixSettings
from ticket_pipeline.store.budget import SharedBudget
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.keys import read_keys
from ticket_pipeline.wix.auth import ApiKey, AppCredentials, Auth
from ticket_pipeline.wix.client import WixClient


@dataclass(frozen=True)
class Site:
    """One site's working parts; each is built when it is first asked for."""

    name: str
    settings: SiteSettings
    database: Database
    #: How to wait for a request's turn and between tries, in seconds; tests do not wait.
    sleep: Callable[[float], None] = time.sleep

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
        if self.settings.sync is None:
            raise ConfigError(f"sites.{self.name} declares no sync; add sites.{self.name}.sync.destination")
        return self.settings.sync

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
        """The destination kind's default mapping, with the declared fields over it."""
        return mapping_of(self.sync)

    @cached_property
    def destination(self) -> Destination:
        """The external ticketing system."""
        declared = self.sync.destination
        module = kinds.load(destinations, declared.kind)
        destination: Destination = module.connect(declared, self.mapping)
        return destination


class Wiring:
    """The working parts of all declared sites, over one state."""

    def __init__(self, pipeline: Pipeline, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Remember what was declared; nothing is opened yet."""
        self.pipeline = pipeline
        self._sleep = sleep
        self._sites: dict[str, Site] = {}

    @cached_property
    def database(self) -> Database:
        """What we remember, opened and migrated."""
        return open_database(self.pipeline.state)

    def site(self, name: str) -> Site:
        """Give one declared site's parts.

        Raises:
            ConfigError: no such site is declared.
        """
        if name not in self.pipeline.sites:
            raise ConfigError(f"unknown site {name!r}; declared: {', '.join(self.pipeline.sites)}")
        if name not in self._sites:
            self._sites[name] = Site(name, self.pipeline.sites[name], self.database, self._sleep)
        return self._sites[name]

    def sites(self) -> list[Site]:
        """Give the parts of every declared site."""
        return [self.site(name) for name in self.pipeline.sites]


def _auth(wix: WixSettings) -> Auth:
    if isinstance(wix.auth, ApiKeyAuth):
        return ApiKey(api_key=wix.auth.api_key.get_secret_value(), site_id=wix.auth.site_id)
    return AppCredentials(
        app_id=wix.auth.app_id,
        app_secret=wix.auth.app_secret.get_secret_value(),
        instance_id=wix.auth.instance_id,
    )
