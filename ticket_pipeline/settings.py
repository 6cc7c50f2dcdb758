"""What a `pipeline.yaml` may say: the models its keys, values and kinds are checked by, frozen."""

import re
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)

from ticket_pipeline import audiences, channels, destinations, kinds
from ticket_pipeline.declared_path import DeclaredPath
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.counting import CounterRules
from ticket_pipeline.model.policy import OnDelete, OnDrift, Policy

DEFAULT_STATE = "sqlite:///.ticket-pipeline/state.db"


def _duration(given: Any) -> Any:
    """Read `90s`, `5m`, `2h` or `1d`; pydantic's own forms are taken too."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else given


_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "examples": ["5m", "2h"]})
]


def _half_a_minute(given: timedelta) -> timedelta:
    if given < timedelta(seconds=30):
        raise ValueError("is not allowed; allowed: 30s or more")
    return given


def _as_wix_writes_it(given: str) -> str:
    """Give a GUID in small letters; other ids may mean their capitals."""
    return given.lower() if _GUID.fullmatch(given) else given


_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
#: A GUID at Wix; other systems that speak its language may have other ids.
DefinitionId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"), AfterValidator(_as_wix_writes_it)
]


def _all(given: Any) -> Any:
    if given == "all":
        return None
    if not isinstance(given, list | tuple):
        raise ValueError("is not allowed; allowed: all, or a list of ids")
    return given


_ALL_OR_IDS = WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]})


def _network(given: str) -> str:
    try:
        ip_network(given, strict=False)
    except ValueError as error:
        raise ValueError("is no address and no network; allowed: 192.0.2.1, 10.0.0.0/8") from error
    return given


def _not_the_app(name: str) -> str:
    if name == "wix":
        raise ValueError("is taken: /webhooks/wix is the app's address, for all its sites; choose another name")
    return name


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ApiKeyAuth(_Value):
    """An account's API key, used for one site; brings no webhooks."""

    kind: Literal["api_key"]
    api_key: SecretStr
    site_id: str


class AppAuth(_Value):
    """A Wix app installed on the site (OAuth client credentials)."""

    kind: Literal["app"]
    app_id: str
    app_secret: SecretStr
    instance_id: str


class WixSettings(_Value):
    """Where and as whom one site is read."""

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] = "https://www.wixapis.com"
    auth: Annotated[ApiKeyAuth | AppAuth, Field(discriminator="kind")]
    #: The app's public key, PEM or base64 of it; a list while keys rotate.
    webhook_public_key: str | tuple[str, ...] = ()
    requests_per_minute: Annotated[int, Field(ge=4, le=100_000)] = 200


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

    destination: DeclaredDestination
    mapping: dict[str, Any] = Field(default_factory=dict)
    on_delete: OnDelete = OnDelete.ARCHIVE
    max_delete_fraction: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.2")
    on_drift: OnDrift = OnDrift.OVERWRITE

    @property
    def policy(self) -> Policy:
        """Give the part of the settings that the flows go by."""
        return Policy(on_delete=self.on_delete, max_delete_fraction=self.max_delete_fraction, on_drift=self.on_drift)


class CounterSettings(_Value):
    """Which ticket definitions the public may see the counter of, and how it speaks."""

    #: `all`, read as None, or a list of ids: nothing else is ever exposed.
    definitions: Annotated[tuple[DefinitionId, ...] | None, BeforeValidator(_all), _ALL_OR_IDS] = None
    #: At so many or fewer the counter says that few are left.
    low_stock: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    #: A number read longer ago than this is not shown; with less than half a minute it would flicker.
    freshness_limit: Annotated[Duration, AfterValidator(_half_a_minute)] = timedelta(minutes=15)
    #: How often everything is read again, for what no webhook says (refunds).
    sweep_every: Duration = timedelta(minutes=5)

    @property
    def rules(self) -> CounterRules:
        """Give the part of the settings that counting goes by."""
        listed = None if self.definitions is None else frozenset(self.definitions)
        return CounterRules(definitions=listed, low_stock=self.low_stock)


class AnnouncementSettings(_Value):
    """Who is told of a sale start, and how."""

    audience: DeclaredAudience
    #: The first that reaches a subscriber is used; a subscriber's own preference goes before the order.
    channels: Annotated[tuple[DeclaredChannel, ...], Field(min_length=1)]
    #: Later than this after the start nobody is told any more, and the report says so.
    late_limit: Duration = timedelta(hours=2)
    #: What becomes of a message that was cut off by a crash, so that nobody knows whether it went out.
    on_unknown: Literal["skip", "resend"] = "skip"
    #: A folder with templates of yours; those it lacks are ours.
    templates: DeclaredPath | None = None


class SiteSettings(_Value):
    """One Wix site, and what is done for it: at least one of sync, counters and announcements."""

    wix: WixSettings
    sync: SyncSettings | None = None
    counters: CounterSettings | None = None
    announcements: AnnouncementSettings | None = None

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


SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40), AfterValidator(_not_the_app)]


class ServerSettings(_Value):
    """Where browsers and Wix reach the server."""

    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None = None
    #: Origins whose pages may show counters: `https://www.example.org`; `*` for any.
    allowed_origins: tuple[Annotated[str, StringConstraints(pattern=r"^(\*|https?://[^\s/]+)$")], ...] = ()
    #: Proxies, as addresses or networks (`10.0.0.0/8`), whose X-Forwarded-For tells who asks; limits count by that.
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    #: Counters' streams that may be open from one public address; many visitors may share one.
    streams_per_client: Annotated[int, Field(ge=1, le=10_000)] = 100
    #: What unsubscribe links are signed, and recipients remembered, with; made and kept in `state` when left out.
    secret: SecretStr | None = None
    #: How long after its expiry a webhook's token is still taken; 48h if Wix repeats with old tokens.
    webhook_expiry_tolerance: Duration = timedelta(minutes=5)


class Pipeline(_Value):
    """The declared pipeline: everything a `pipeline.yaml` says."""

    #: SQLAlchemy URL of what the pipeline remembers.
    state: str = DEFAULT_STATE
    server: ServerSettings = ServerSettings()
    sites: Annotated[dict[SiteName, SiteSettings], Field(min_length=1)]

    def sync_of(self, site: str) -> SyncSettings:
        """Give what a site's sync was declared to be.

        Raises:
            ConfigError: the site has none.
        """
        return self.sites[site].declared_sync(site)
