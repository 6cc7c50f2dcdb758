"""What a `pipeline.yaml` may say: the models its keys, values and kinds are checked by, frozen."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    create_model,
    model_validator,
)

from ticket_pipeline import audiences, channels, destinations, kinds
from ticket_pipeline.declared_path import DeclaredPath
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.counting import CounterRules
from ticket_pipeline.model.policy import OnDelete, OnDrift, Policy
from ticket_pipeline.retention_settings import RetentionSettings
from ticket_pipeline.setting_types import (
    ALL_OR_IDS,
    DefinitionId,
    Duration,
    all_or_list,
    half_a_minute,
    network,
    not_the_app,
)

DEFAULT_STATE = "sqlite:///.ticket-pipeline/state.db"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ApiKeyAuth(_Value):
    """An account's API key, used for one site; brings no webhooks."""

    kind: Literal["api_key"] = Field(description="Says that it is an API key")
    api_key: SecretStr = Field(description="API key of the account that owns the site")
    site_id: str = Field(description="Id of the site, as in the address of its dashboard")


class AppAuth(_Value):
    """A Wix app installed on the site (OAuth client credentials)."""

    kind: Literal["app"] = Field(description="Says that it is an app")
    app_id: str = Field(description="Id of the app")
    app_secret: SecretStr = Field(description="Secret of the app")
    instance_id: str = Field(description="Id of the app's installation on this site; every webhook bears it")


class WixSettings(_Value):
    """Where and as whom one site is read."""

    base_url: str = Field(
        default="https://www.wixapis.com", pattern=r"^https?://[^\s/]+", description="Where Wix is; a sandbox's address"
    )
    auth: ApiKeyAuth | AppAuth = Field(discriminator="kind", description="As whom: an API key, or an app")
    webhook_public_key: str | tuple[str, ...] = Field(
        default=(), description="Public key of the app, PEM or base64 of it; a list while keys rotate"
    )
    requests_per_minute: int = Field(
        default=200, ge=4, le=100_000, description="Never more in any minute, of all processes together"
    )


def _declared(package: Any) -> Any:
    """Every kind of a package as one union told apart by `kind`: a new file is a new member."""
    members = [_member(package, name) for name in kinds.kinds(package)]
    union: Any = members[0]
    for member in members[1:]:
        union = union | member
    return Annotated[union, Field(discriminator="kind")] if len(members) > 1 else union


def _member(package: Any, name: str) -> type[BaseModel]:
    config: type[BaseModel] = kinds.load(package, name).Config
    title = f"{name} ({package.__name__.rpartition('.')[2]})"
    only: Any = Literal[name]
    return create_model(title, __base__=config, __doc__=config.__doc__, kind=(only, ...))


if TYPE_CHECKING:

    class DeclaredKind(BaseModel):
        """The settings of one kind, as that kind declares them."""

        kind: str

    class DeclaredDestination(DeclaredKind):
        """The settings of a destination."""

    class DeclaredAudience(DeclaredKind):
        """The settings of an audience."""

        opt_in: str

    class DeclaredChannel(DeclaredKind):
        """The settings of a channel."""
else:
    DeclaredDestination = _declared(destinations)
    DeclaredAudience = _declared(audiences)
    DeclaredChannel = _declared(channels)


class SyncSettings(_Value):
    """Where the site's ticket definitions go, and how."""

    destination: DeclaredDestination = Field(description="The external ticketing system")
    mapping: dict[str, Any] = Field(
        default_factory=dict, description="Fields over those of the destination's default mapping; null leaves one out"
    )
    on_delete: OnDelete = Field(
        default=OnDelete.ARCHIVE, description="What becomes of a record whose ticket definition was deleted"
    )
    max_delete_fraction: Decimal = Field(
        default=Decimal("0.2"), ge=0, le=1, description="A plan that takes away a greater share is held until approved"
    )
    on_drift: OnDrift = Field(
        default=OnDrift.OVERWRITE, description="What becomes of a record that somebody changed over there"
    )

    @property
    def policy(self) -> Policy:
        """Give the part of the settings that the flows go by."""
        return Policy(on_delete=self.on_delete, max_delete_fraction=self.max_delete_fraction, on_drift=self.on_drift)


class CounterSettings(_Value):
    """Which ticket definitions the public may see the counter of, and how it speaks."""

    #: None stands for all.
    definitions: Annotated[tuple[DefinitionId, ...] | None, BeforeValidator(all_or_list), ALL_OR_IDS] = Field(
        default=None, description="all (unless said), or a list of ids: nothing else is ever exposed"
    )
    low_stock: int = Field(
        default=10, ge=1, le=1_000_000, description="At so many or fewer the counter says that few are left"
    )
    #: With less than half a minute numbers would flicker.
    freshness_limit: Annotated[Duration, AfterValidator(half_a_minute)] = Field(
        default=timedelta(minutes=15), description="A number read longer ago than this is not shown; 30s or more"
    )
    sweep_every: Duration = Field(
        default=timedelta(minutes=5), description="How often all is read again, for what no webhook says (refunds)"
    )

    @property
    def rules(self) -> CounterRules:
        """Give the part of the settings that counting goes by."""
        listed = None if self.definitions is None else frozenset(self.definitions)
        return CounterRules(definitions=listed, low_stock=self.low_stock)


class AnnouncementSettings(_Value):
    """Who is told of a sale start, and how."""

    audience: DeclaredAudience = Field(description="The marketing tool, where subscribers come from")
    channels: tuple[DeclaredChannel, ...] = Field(
        min_length=1, description="The first that reaches a subscriber is used; their own preference goes before that"
    )
    late_limit: Duration = Field(
        default=timedelta(hours=2), description="Later than this after the start nobody is told, and the report says so"
    )
    on_unknown: Literal["skip", "resend"] = Field(
        default="skip", description="What becomes of a message that a crash cut off, which may have gone out or not"
    )
    templates: DeclaredPath | None = Field(
        default=None, description="A folder with templates of yours; those it lacks are ours"
    )


class SiteSettings(_Value):
    """One Wix site, and what is done for it: at least one of sync, counters and announcements."""

    wix: WixSettings = Field(description="Where and as whom the site is read")
    sync: SyncSettings | None = Field(default=None, description="Keep a ticketing system in step")
    counters: CounterSettings | None = Field(default=None, description="Show how many tickets are left")
    announcements: AnnouncementSettings | None = Field(default=None, description="Tell people that a sale starts")

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if self.sync is None and self.counters is None and self.announcements is None:
            raise ValueError("declares nothing to do; add sync, counters or announcements")
        return self

    def declared_sync(self, name: str) -> SyncSettings:
        """Give what the sync of the site, so named, was declared to be.

        Raises:
            ConfigError: it has none.
        """
        if self.sync is None:
            raise ConfigError(f"sites.{name} declares no sync; add sites.{name}.sync.destination")
        return self.sync


SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40), AfterValidator(not_the_app)]


class ServerSettings(_Value):
    """Where browsers and Wix reach the server."""

    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None = Field(
        default=None, description="Where browsers and Wix reach the server: https://tickets.example.org"
    )
    allowed_origins: tuple[Annotated[str, StringConstraints(pattern=r"^(\*|https?://[^\s/]+)$")], ...] = Field(
        default=(), description="Origins whose pages may show counters: https://www.example.org; * for any"
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(network)], ...] = Field(
        default=(),
        description="Proxies, as addresses or networks (10.0.0.0/8), whose X-Forwarded-For tells who asks; limits "
        "count by that",
    )
    streams_per_client: int = Field(
        default=100, ge=1, le=10_000, description="Counters' streams that may be open from one public address"
    )
    secret: SecretStr | None = Field(
        default=None,
        description="What unsubscribe links are signed, and recipients remembered, with; made and kept in state if "
        "left out",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How the server and runs log: lines for people, or json, an object a line from INFO up",
    )
    webhook_expiry_tolerance: Duration = Field(
        default=timedelta(minutes=5),
        description="How long after its expiry a webhook's token is still taken; 48h if Wix repeats with old tokens",
    )


class Surroundings(_Value):
    """What stands beside the sites: what the pipeline remembers, and where its server is."""

    state: str = Field(
        default=DEFAULT_STATE,
        description="SQLAlchemy URL of what the pipeline remembers: sqlite:///state.db, postgresql+psycopg://user:pw@host/db",
    )
    server: ServerSettings = Field(default=ServerSettings(), description="Where browsers and Wix reach the server")
    retention: RetentionSettings = Field(
        default=RetentionSettings(), description="How long what is remembered is kept; `30d`, for instance"
    )


class Pipeline(Surroundings):
    """The declared pipeline: everything a `pipeline.yaml` says."""

    sites: dict[SiteName, SiteSettings] = Field(min_length=1, description="The Wix sites, each by a name of yours")

    def sync_of(self, site: str) -> SyncSettings:
        """Give what a site's sync was declared to be.

        Raises:
            ConfigError: the site has none.
        """
        return self.sites[site].declared_sync(site)


class SitePipeline(SiteSettings, Surroundings):
    """One Wix site, what is done for it, and what stands beside it: the attributes of a component."""

    site: SiteName = Field(description="What you call the site: small letters, digits and _")

    @property
    def pipeline(self) -> Pipeline:
        """Give it as a pipeline of this one site."""
        return Pipeline(**{name: getattr(self, name) for name in Surroundings.model_fields}, sites={self.site: self})
