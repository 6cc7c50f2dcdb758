"""Our announcement as a process: `python -m bench.rig.our_blast <pipeline.yaml> <event id>`; figures on the last line.

Does what the schedule does: the announcement is prepared, held to the instant of the sale start, and sent.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.rig.memory import peak_rss_mb
from bench.rig.pipeline import opened
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.sale_starts import next_start


def main(pipeline_file: Path, event_id: str) -> None:
    """Announce the next sale start of the event, and say what came of it."""
    with opened(pipeline_file) as site:
        parts, planned = site.announce_parts, next_start(site.state, event_id, now=datetime.now(UTC))
        if parts is None or planned is None:
            raise RuntimeError("there is nothing to announce")
        started = time.perf_counter()
        report = announce(parts, planned)
        seconds = time.perf_counter() - started
    figures = {
        "own_seconds": round(seconds, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "peak_rss_mb": peak_rss_mb(),
        "eligible": report.eligible,
        "told": report.told,
        "first_sent_after": report.first_sent_after,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
