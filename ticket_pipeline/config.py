"""`pipeline.yaml` and the environment, as frozen values; the only module that reads `os.environ`."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from ticket_pipeline import destinations, kinds
from ticket_pipeline.config_errors import explain
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import FieldMapping, build_mapping
from ticket_pipeline.model.policy import OnDelete, OnDrift, Policy
from ticket_pipeline.yaml_source import Source, read_yaml

CONFIG_VARIABLE = "TICKET_PIPELINE_CONFIG"
#: Where the packaged sandbox pipeline finds its Wix.
SANDBOX_VARIABLE = "TICKET_PIPELINE_SANDBOX_URL"
DEFAULT_FILE = "pipeline.yaml"
DEFAULT_STATE = "sqlite:///.ticket-pipeline/state.db"
_RELATIVE_SQLITE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)(.+)$")


def _duration(given: Any) -> Any:
    """Read `90s`, `5m`, `2h` or `1d`; pydantic's own forms are taken too."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else given


_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "examples": ["5m", "2h"]})
]


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

    DeclaredDestination = DeclaredKind
else:
    DeclaredDestination = _declared(destinations)


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


class SiteSettings(_Value):
    """One Wix site."""

    wix: WixSettings
    sync: SyncSettings


SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40), AfterValidator(_not_the_app)]


class ServerSettings(_Value):
    """Where browsers and Wix reach the server."""

    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")] | None = None
    allowed_origins: tuple[str, ...] = ()
    #: How long after its expiry a webhook's token is still taken; 48h if Wix repeats with old tokens.
    webhook_expiry_tolerance: Duration = timedelta(minutes=5)


class Pipeline(_Value):
    """The declared pipeline: everything a `pipeline.yaml` says."""

    #: SQLAlchemy URL of what the pipeline remembers.
    state: str = DEFAULT_STATE
    server: ServerSettings = ServerSettings()
    sites: Annotated[dict[SiteName, SiteSettings], Field(min_length=1)]


def find(explicit: str | None, variables: Mapping[str, str]) -> Path | None:
    """Find the file: `--config`, then `$TICKET_PIPELINE_CONFIG`, then `./pipeline.yaml`; None is the sandbox's."""
    named = explicit or variables.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    here = Path(DEFAULT_FILE)
    return here if here.exists() else None


def load(explicit: str | None = None, variables: Mapping[str, str] | None = None) -> Pipeline:
    """Read the declared pipeline, or the packaged sandbox pipeline where none is declared.

    Raises:
        ConfigError: naming file, line, key, value and what is allowed, for every problem at once.
    """
    variables = environment() if variables is None else variables
    path = find(explicit, variables)
    if path is None:
        text, name, folder = packaged("sandbox_pipeline.yaml"), "the packaged sandbox pipeline", Path.cwd()
    else:
        text, name, folder = _read(path), str(path), path.resolve().parent
    return validate(read_yaml(text, name=name, environment=variables), folder=folder)


def validate(source: Source, *, folder: Path) -> Pipeline:
    """Turn a parsed file into the declared pipeline; relative SQLite paths are relative to its folder."""
    if not isinstance(source.data, dict):
        raise ConfigError(f"{source.name}:1: expected the key sites; run `ticket-pipeline init` for a start")
    try:
        pipeline = Pipeline.model_validate(_anchored({"state": DEFAULT_STATE, **source.data}, folder))
    except ValidationError as error:
        raise ConfigError(explain(error, source, json_schema())) from error
    problems = [each for name, site in pipeline.sites.items() for each in _mapping_problems(name, site, source)]
    if problems:
        raise ConfigError("\n".join(problems))
    return pipeline


def _mapping_problems(name: str, site: SiteSettings, source: Source) -> Iterator[str]:
    """Say what is wrong with a site's mapping, each field with its line."""
    try:
        mapping_of(site.sync)
    except ConfigError as error:
        for problem in str(error).splitlines():
            field = problem.partition(":")[0].removeprefix("mapping.").partition(".")[0]
            place = source.at(("sites", name, "sync", "mapping", field))
            yield f"{place}: sites.{name}.sync.{problem}"


def mapping_of(sync: SyncSettings) -> FieldMapping:
    """Lay the declared fields over the destination kind's default mapping.

    Raises:
        ConfigError: naming every field of the mapping that cannot work, a line each.
    """
    return build_mapping(kinds.load(destinations, sync.destination.kind).DEFAULT_MAPPING, sync.mapping)


def environment() -> Mapping[str, str]:
    """Give the environment to those who must look at it or hand it on."""
    return os.environ


def packaged(name: str) -> str:
    """Read one of the YAML files that ship with the package."""
    return files("ticket_pipeline").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def json_schema() -> dict[str, Any]:
    """Describe `pipeline.yaml` as JSON Schema, for editors; shipped as `pipeline.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Pipeline.model_json_schema(),
        "title": "ticket_pipeline: pipeline.yaml",
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; write one with `ticket-pipeline init {path}`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _anchored(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _anchored(child, folder) for key, child in value.items()}
    if isinstance(value, list):
        return [_anchored(child, folder) for child in value]
    if isinstance(value, str) and (match := _RELATIVE_SQLITE.match(value)):
        return f"{match[1]}{folder / match[2]}"
    return value
