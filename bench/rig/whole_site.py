"""A whole site into PostgreSQL: `python -m bench.rig.whole_site <pipeline.yaml>`; the last line is its figures."""

import json
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bench.rig.children import run_python
from bench.rig.machines import Machines
from bench.rig.memory import peak_rss_mb
from bench.rig.pipeline import TABLE, declare, opened
from bench.rig.sandbox import sandbox
from bench.rig.timed_sync import timed_sync


def whole_site(folder: Path, machines: Machines, events: int, definitions: int) -> dict[str, Any]:
    """Bring a site of this size over, and again with nothing changed; state and destination are on PostgreSQL."""
    address = str(machines.destination)
    destination = {"kind": "sql", "url": address, "table": TABLE}
    with sandbox(folder, events=events, definitions=definitions) as there:
        declared = str(declare(folder, there, state=machines.state, destination=destination))
        first = run_python("bench.rig.whole_site", declared, folder=folder)
        engine = create_engine(address)
        with engine.begin() as connection:
            mark = connection.scalar(text("SELECT txid_current()"))
        again = run_python("bench.rig.whole_site", declared, folder=folder)
        with engine.begin() as connection:
            query = f"SELECT count(*) FILTER (WHERE xmin::text::bigint > :mark) FROM {TABLE}"  # noqa: S608 - ours
            again["rows_written"] = connection.scalar(text(query), {"mark": mark})
        engine.dispose()
    return {**first, "again": again}


def main(pipeline_file: Path) -> None:
    """Load, map and publish, and say how long each took once all was imported."""
    with opened(pipeline_file) as site:
        figures = {**timed_sync(site), "peak_rss_mb": peak_rss_mb()}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
