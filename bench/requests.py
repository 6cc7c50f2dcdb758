"""Requests: what an initial load spends, as the sandbox counts it, against the least it could be."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.rig.figures import Target
from bench.rig.pipeline import declare, opened, temporary_folder
from bench.rig.sandbox import Sandbox, sandbox
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events

#: (events, definitions)
SHAPES = ((1000, 10000), (1000, 1000), (1000, 100), (12, 150), (3000, 200), (50, 5000), (101, 100), (500, 25000))
QUICK = ((12, 150), (120, 300))
TARGETS = {"*.share_of_allowed": Target(at_most=1.0)}

_EVENTS_PAGE, _DEFINITIONS_PAGE = 1000, 100


def run(*, quick: bool = False) -> dict[str, Any]:
    """Load each shape once into an empty state."""
    shapes = QUICK if quick else SHAPES
    return {
        f"{events} events, {definitions} definitions": _shape(events, definitions) for events, definitions in shapes
    }


def least(events: int, definitions: int) -> int:
    """Tell how many full pages hold so much."""
    return math.ceil(events / _EVENTS_PAGE) + math.ceil(definitions / _DEFINITIONS_PAGE)


def _shape(events: int, definitions: int) -> dict[str, Any]:
    with temporary_folder() as folder, sandbox(folder, events=events, definitions=definitions) as there:
        loaded = _load(folder, there)
        spent = there.requests_counted()
    allowed = 1.1 * least(events, definitions) + 2
    return {
        "loaded_definitions": loaded,
        "requests": spent,
        "least": least(events, definitions),
        "allowed": round(allowed, 1),
        "share_of_allowed": round(spent / allowed, 3),
    }


def _load(folder: Path, there: Sandbox) -> int:
    now = datetime.now(UTC)
    with opened(declare(folder, there)) as site:
        events = load_events(site.state, site.wix, now=now)
        return load_definitions(site.state, site.wix, events.event_ids, now=now).definitions
