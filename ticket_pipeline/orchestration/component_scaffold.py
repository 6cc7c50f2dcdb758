"""What `dg scaffold defs ticket_pipeline.WixTickets` writes: a commented `defs.yaml` that works with the sandbox."""

import re

from dagster.components import Scaffolder, ScaffoldRequest
from pydantic import BaseModel, TypeAdapter, ValidationError

from ticket_pipeline.config import packaged
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.component_schema import TEMPLATE
from ticket_pipeline.settings import SiteName

_DEFAULT_NAME = "box_office"


class WixTicketsScaffolder(Scaffolder[BaseModel]):
    """Writes the file, the site called as its folder is."""

    def scaffold(self, request: ScaffoldRequest[BaseModel]) -> None:
        """Write it, or add it to a file that is there.

        Raises:
            ConfigError: it was asked for in Python.
        """
        if request.scaffold_format != "yaml":
            raise ConfigError(f"{request.type_name} is declared in YAML; leave --format out")
        folder = request.target_path.parent if request.append else request.target_path
        text = packaged(TEMPLATE).replace(f"site: {_DEFAULT_NAME}", f"site: {site_name(folder.name)}")
        with (request.target_path if request.append else folder / "defs.yaml").open("a", encoding="utf-8") as file:
            file.write(f"---\n{text}" if request.append else text)


def site_name(folder: str) -> str:
    """Make a site's name of a folder's, where that can be."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")
    try:
        return TypeAdapter[str](SiteName).validate_python(name)
    except ValidationError:
        return _DEFAULT_NAME
