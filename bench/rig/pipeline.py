"""A declared pipeline against a sandbox, in a folder that goes away."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.rig.sandbox import Sandbox
from ticket_pipeline import config
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.wiring import Site, Wiring

SITE = "bench"
TABLE = "tickets"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder, and remove it with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="ticket-pipeline-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def declare(
    folder: Path, there: Sandbox, *, state: str | None = None, destination: Mapping[str, Any] | None = None
) -> Path:
    """Write a pipeline.yaml without a limit of requests; state and destination are SQLite in the folder unless told."""
    path = folder / "pipeline.yaml"
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    destination = destination or {"kind": "sql", "url": f"sqlite:///{destination_file(folder)}", "table": TABLE}
    site = {
        "wix": {"base_url": there.base_url, "auth": auth, "requests_per_minute": 100_000},
        "sync": {"destination": dict(destination)},
    }
    path.write_text(yaml.safe_dump({"state": state or f"sqlite:///{folder / 'state.db'}", "sites": {SITE: site}}))
    return path


def destination_file(folder: Path) -> Path:
    """Tell where the destination lies."""
    return folder / "ticketing.db"


@contextmanager
def opened(pipeline_file: Path) -> Iterator[Site]:
    """Build the site's working parts as every command does, and let go of the state at the end."""
    wiring = Wiring(config.load(str(pipeline_file)))
    try:
        yield wiring.site(SITE)
    finally:
        wiring.database.close()
