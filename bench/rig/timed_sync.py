"""A whole sync by our flows, each of its steps timed."""

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.wiring import Site


def timed_sync(site: Site) -> dict[str, Any]:
    """Load, map, publish; give the seconds of each, and what came of it."""
    now, marks = datetime.now(UTC), [time.perf_counter()]
    events = load_events(site.state, site.wix, now=now)
    loaded = load_definitions(site.state, site.wix, events.event_ids, now=now)
    marks.append(time.perf_counter())
    map_records(site.state, site.mapping, events.event_ids, now=now)
    marks.append(time.perf_counter())
    report = publish(site.state, site.destination, site.policy, now=now)
    marks.append(time.perf_counter())
    load, mapping, publishing = (round(end - start, 3) for start, end in pairwise(marks))
    return {
        "load_seconds": load,
        "map_seconds": mapping,
        "publish_seconds": publishing,
        "seconds": round(marks[-1] - marks[0], 3),
        "definitions": loaded.definitions,
        "created": report.created,
        "unchanged": report.unchanged,
        "refused": len(report.refused),
    }
