"""`pipeline.yaml` and the environment -> settings; the only module that reads `os.environ`."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ticket_pipeline import destinations, kinds
from ticket_pipeline.config_errors import explain
from ticket_pipeline.declared_path import FOLDER
from ticket_pipeline.defs_yaml import fill, is_defs, project_root, read_components
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import FieldMapping, build_mapping
from ticket_pipeline.sandbox_subscribers import put_subscribers
from ticket_pipeline.settings import DEFAULT_STATE, Pipeline, SitePipeline, SiteSettings, Surroundings, SyncSettings
from ticket_pipeline.store.address import read_address
from ticket_pipeline.yaml_source import Path as Place
from ticket_pipeline.yaml_source import Source, read_yaml

CONFIG_VARIABLE = "TICKET_PIPELINE_CONFIG"
#: Where the packaged sandbox pipeline finds its Wix.
SANDBOX_VARIABLE = "TICKET_PIPELINE_SANDBOX_URL"
#: Where it finds the mail server that shows mails instead of sending them.
SANDBOX_MAIL_VARIABLE = "TICKET_PIPELINE_SANDBOX_MAIL_URL"
#: Where this machine finds the server, for links, where no `server.public_url` is declared.
SERVER_VARIABLE = "TICKET_PIPELINE_SERVER_URL"
#: OpenTelemetry's own: where spans are collected.
COLLECTOR_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
DEFAULT_FILE = "pipeline.yaml"
_Declared = TypeVar("_Declared", Pipeline, SitePipeline)
_RELATIVE_SQLITE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)(.+)$")


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
    if path is not None and is_defs(path):
        return _found_locally(_of_components(path, variables), variables.get(SERVER_VARIABLE))
    if path is None:
        put_subscribers(Path.cwd(), packaged("sandbox/subscribers.csv").encode())
        text, name, folder = packaged("sandbox_pipeline.yaml"), "the packaged sandbox pipeline", Path.cwd()
    else:
        text, name, folder = _read(path), str(path), path.resolve().parent
    pipeline = validate(read_yaml(text, name=name, environment=variables), folder=folder)
    return _found_locally(pipeline, variables.get(SERVER_VARIABLE))


def _found_locally(pipeline: Pipeline, url: str | None) -> Pipeline:
    if url is None or pipeline.server.public_url is not None:
        return pipeline
    return pipeline.model_copy(update={"server": pipeline.server.model_copy(update={"public_url": url})})


def validate(source: Source, *, folder: Path) -> Pipeline:
    """Turn a parsed file into the declared pipeline; relative SQLite paths are relative to its folder."""
    if not isinstance(source.data, dict):
        found = "this file is empty" if source.data is None else "expected the key sites"
        raise ConfigError(f"{source.name}:1: {found}; run `ticket-pipeline init` for a start")
    pipeline = _checked(Pipeline, source, folder, json_schema())
    _refuse_mappings(source, {("sites", name): site for name, site in pipeline.sites.items()})
    return pipeline


def validate_site(source: Source, *, folder: Path) -> Pipeline:
    """Turn a component's attributes into a pipeline of one site, as `validate` does a whole file."""
    if not isinstance(source.data, dict):
        raise ConfigError(f"{source.at(())}: expected attributes: site, wix and sync, counters or announcements")
    declared = _checked(SitePipeline, source, folder, _site_schema())
    _refuse_mappings(source, {(): declared})
    return declared.pipeline


def _of_components(path: Path, variables: Mapping[str, str]) -> Pipeline:
    """Read the components of a Dagster project as one pipeline."""
    folder = project_root(path)
    read = [(each, validate_site(fill(each, {}, variables), folder=folder)) for each in read_components(path)]
    whole = read[0][1]
    for source, pipeline in read[1:]:
        _refuse_at_odds(source, pipeline, whole)
        whole = whole.model_copy(update={"sites": {**whole.sites, **pipeline.sites}})
    return whole


def _refuse_at_odds(source: Source, added: Pipeline, whole: Pipeline) -> None:
    """See that a component's site is not there yet, and that the same stands beside it as beside the others."""
    first, name = next(iter(whole.sites)), next(iter(added.sites))
    if name in whole.sites:
        raise ConfigError(f"{source.at(('site',))}: site: {name!r} is declared twice; give each a name of its own")
    for beside in Surroundings.model_fields:
        if getattr(added, beside) != getattr(whole, beside):
            raise ConfigError(
                f"{source.at((beside,))}: {beside}: is not that of {first!r}; sites served together have it in common: "
                "say the same, or serve each from its own file"
            )


def _checked(model: type[_Declared], source: Source, folder: Path, schema: dict[str, Any]) -> _Declared:
    try:
        declared = model.model_validate(
            _anchored({"state": DEFAULT_STATE, **source.data}, folder), context={FOLDER: folder}
        )
    except ValidationError as error:
        raise ConfigError(explain(error, source, schema)) from error
    try:
        read_address(declared.state)
    except ConfigError as error:
        raise ConfigError(f"{source.at(('state',))}: {error}") from error
    return declared


def _refuse_mappings(source: Source, sites: Mapping[Place, SiteSettings]) -> None:
    problems = [problem for place, site in sites.items() for problem in _mapping_problems(place, site, source)]
    if problems:
        raise ConfigError("\n".join(problems))


def _mapping_problems(place: Place, site: SiteSettings, source: Source) -> Iterator[str]:
    """Say what is wrong with the mapping of the site declared there, each field with its line."""
    if site.sync is None:
        return
    try:
        mapping_of(site.sync)
    except ConfigError as error:
        for problem in str(error).splitlines():
            field = problem.partition(":")[0].removeprefix("mapping.").partition(".")[0]
            at = source.at((*place, "sync", "mapping", field))
            yield f"{at}: {'.'.join(map(str, (*place, 'sync')))}.{problem}"


def mapping_of(sync: SyncSettings) -> FieldMapping:
    """Lay the declared fields over the destination kind's default mapping.

    Raises:
        ConfigError: naming every field of the mapping that cannot work, a line each.
    """
    return build_mapping(kinds.load(destinations, sync.destination.kind).DEFAULT_MAPPING, sync.mapping)


def environment() -> Mapping[str, str]:
    """Give the environment to those who must look at it or hand it on."""
    return os.environ


def traces_wanted() -> bool:
    """Tell whether somebody collects spans."""
    return any(environment().get(name) for name in COLLECTOR_VARIABLES)


def packaged(name: str) -> str:
    """Read one of the texts that ship with the package."""
    return files("ticket_pipeline").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def json_schema() -> dict[str, Any]:
    """Describe `pipeline.yaml` as JSON Schema, for editors; shipped as `pipeline.schema.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Pipeline.model_json_schema(),
        "title": "ticket_pipeline: pipeline.yaml",
    }


@lru_cache(maxsize=1)
def _site_schema() -> dict[str, Any]:
    return SitePipeline.model_json_schema()


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
