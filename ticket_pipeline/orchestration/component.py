"""The component for Dagster projects of other people: one site of a `pipeline.yaml` as attributes of a `defs.yaml`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster_shared.yaml_utils.source_position import SourcePositionTree
from pydantic import BaseModel, GetJsonSchemaHandler, RootModel
from pydantic_core import CoreSchema

from ticket_pipeline import config
from ticket_pipeline.defs_yaml import TYPE, fill
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.code_location import sites_definitions
from ticket_pipeline.orchestration.component_scaffold import WixTicketsScaffolder
from ticket_pipeline.orchestration.component_schema import attributes_schema
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Wiring
from ticket_pipeline.yaml_source import Path as Place
from ticket_pipeline.yaml_source import Source


class Attributes(RootModel[dict[str, Any]]):
    """What the file says, templates and all; what it may say is known once they are filled in."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the attributes to `dg` and to editors."""
        return attributes_schema()


@dg.scaffold_with(WixTicketsScaffolder)
@dataclass(frozen=True, kw_only=True)
class WixTickets(dg.Component, dg.Resolvable):
    """Keep a ticketing system, live counters and sale-start announcements in step with one Wix Events site.

    The attributes are those of one site in a `pipeline.yaml`: `site` (its name, which prefixes the assets), `wix`
    (where and as whom it is read), and `sync`, `counters` or `announcements`, together with `state` and `server`.
    Relative paths are relative to the project. Webhooks and counters need `ticket-pipeline serve` beside Dagster,
    with `--config` and the path of this file.
    """

    #: Declared and checked; it may hold secrets.
    pipeline: Pipeline = field(repr=False)

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """Tell the registry what it makes."""
        return dg.ComponentTypeSpec(
            description=cls.__doc__,
            tags=["wix", "tickets"],
            produces=["asset", "asset_check", "schedule", "sensor", "job"],
        )

    @classmethod
    def model(cls) -> type[BaseModel]:
        """Give what Dagster reads the attributes with."""
        return Attributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Read the attributes; a file without any lacks them all."""
        return super().load(attributes or Attributes({}), context)

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """Fill in the templates, and check what comes of it as a `pipeline.yaml` is checked.

        Raises:
            ConfigError: naming file, line, key, value and what is allowed, for every problem at once.
        """
        root = _project_root(context)
        try:
            source = fill(_source(context, model.model_dump(), root), context.scope, config.environment())
            return cls(pipeline=config.validate_site(source, folder=root))
        except ConfigError as error:
            # Dagster would show the cause too, and that one quotes what was read, secrets included.
            raise ConfigError(str(error)) from None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 - Dagster's signature
        """Make the site's assets, checks, jobs, schedules and sensors; nothing is opened or connected."""
        return sites_definitions(Wiring(self.pipeline))


def _project_root(context: dg.ResolutionContext) -> Path:
    return dg.ComponentLoadContext.from_resolution_context(context).project_root.absolute()


def _source(context: dg.ResolutionContext, attributes: Any, root: Path) -> Source:
    """Give the attributes with their lines, where they were read from a file."""
    tree = context.source_position_tree
    for step in context.path:
        tree = tree.children.get(step) if tree else None
    if tree is None:
        return Source(name=TYPE, data=attributes)
    file = Path(tree.position.filename)
    name = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
    return Source(name=name, data=attributes, lines=dict(_lines(tree, ())))


def _lines(tree: SourcePositionTree, path: Place) -> Iterator[tuple[Place, int]]:
    yield path, tree.position.start.line
    for key, child in tree.children.items():
        yield from _lines(child, (*path, key))
