"""Our initial load as a process: `python -m bench.rig.our_load <pipeline.yaml>`; the last line is its figures."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.rig.memory import peak_rss_mb
from bench.rig.pipeline import opened
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events


def main(pipeline_file: Path) -> None:
    """Load everything into the state, and say how long it took once all was imported."""
    started = time.perf_counter()
    with opened(pipeline_file) as site:
        now = datetime.now(UTC)
        events = load_events(site.state, site.wix, now=now)
        loaded = load_definitions(site.state, site.wix, events.event_ids, now=now)
    figures = {
        "own_seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "peak_rss_mb": peak_rss_mb(),
        "events": loaded.events,
        "definitions": loaded.definitions,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
