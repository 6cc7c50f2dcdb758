"""Follow with state and Dagster on PostgreSQL, the runs tasks of two Celery workers over Redis: the same edits."""

from typing import Any

from bench import follow
from bench.rig.figures import Target
from bench.rig.machines import many_machines

_SOON = Target(at_most=1.5)
TARGETS = {
    **follow.TARGETS,
    "edit_to_row.median_seconds": _SOON,
    "edit_to_row_after_a_rest.median_seconds": _SOON,
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Edit one by one, with time to think in between, and then a thousand times at once."""
    return follow.measure(many_machines, workers=(["one", "two"], 1), quick=quick)
