"""A Dagster project with components of ours, loaded in this process as `dg` loads it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox
from pydantic import PydanticDeprecatedSince20

from ticket_pipeline.orchestration.component import WixTickets
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.settings import Pipeline

GOOD = f"""\
type: ticket_pipeline.WixTickets
attributes:
  site: box_office
  wix:
    base_url: http://127.0.0.1:9
    auth: {{kind: api_key, api_key: {SANDBOX_API_KEY}, site_id: {SANDBOX_SITE_ID}}}
  sync:
    destination: {{kind: sql, url: "sqlite:///ticketing.db", table: tickets}}
"""


@dataclass(frozen=True)
class Project:
    """The project, empty at first."""

    sandbox: DefsFolderSandbox

    @property
    def root(self) -> Path:
        """Give its folder."""
        return self.sandbox.project_root

    @property
    def defs(self) -> Path:
        """Give the folder its components are in."""
        return self.sandbox.defs_folder_path

    def write(self, text: str, component: str = "box_office") -> Path:
        """Write a component's file."""
        path = self.defs / component / "defs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    @contextmanager
    def loaded(self) -> Iterator[dg.Definitions]:
        """Load all that is in it."""
        with _silent(), self.sandbox.build_all_defs() as definitions:
            dg.Definitions.validate_loadable(definitions)
            yield definitions

    def component(self, text: str) -> WixTickets:
        """Write the only component, and load it."""
        self.write(text)
        with _silent(), self.sandbox.build_component_tree() as tree:
            (found,) = tree.get_all_components(of_type=WixTickets)
            return found

    def declared(self, text: str) -> Pipeline:
        """Write the only component, and read what it declares."""
        return self.component(text).pipeline

    def refusal(self) -> str:
        """Load what cannot be loaded, and give all that is said."""
        try:
            with self.loaded():
                raise AssertionError("it loads")
        except ComponentTreeException as error:
            return "\n".join(map(str, _chain(error)))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep back, as `dg` does, what Dagster says of its own parts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", PydanticDeprecatedSince20)
        yield


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


@contextmanager
def dg_project() -> Iterator[Project]:
    """Make an empty project for the block."""
    with create_defs_folder_sandbox() as sandbox:
        yield Project(sandbox)
