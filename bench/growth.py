"""Growth: a hundred thousand definitions on PostgreSQL, Dagster's pages over ten thousand events, months that pass."""

from typing import Any

from bench.rig.figures import Target
from bench.rig.machines import many_machines
from bench.rig.month import a_month
from bench.rig.pages import pages_of
from bench.rig.pipeline import temporary_folder
from bench.rig.whole_site import whole_site

SMALL, LARGE = (1000, 10_000), (10_000, 100_000)
QUICK_SMALL, QUICK_LARGE = (100, 1000), (200, 2000)
#: Webhooks and runs of a day.
DAY, QUICK_DAY = (2000, 24), (100, 2)
TARGETS = {
    "sync.times_longer.*": Target(at_most=12),
    "sync.large.again.rows_written": Target(at_most=0),
    "sync.large.peak_rss_mb": Target(at_most=400),
    "pages.times_longer.*": Target(at_most=12),
    "month.webhooks.share_kept_in_the_second_month": Target(at_most=1.1),
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Sync a site and one ten times its size, ask what the UI asks, and let two months go by."""
    small, large = (QUICK_SMALL, QUICK_LARGE) if quick else (SMALL, LARGE)
    found: dict[str, dict[str, Any]] = {"sync": {}, "pages": {}}
    for name, (events, definitions) in {"small": small, "large": large}.items():
        with temporary_folder() as folder, many_machines(folder) as machines:
            found["sync"][name] = whole_site(folder, machines, events, definitions)
            found["pages"][name] = pages_of(folder, machines)
    for part in found.values():
        part["times_longer"] = _times_longer(part["small"], part["large"])
    return {**found, "month": a_month(*(QUICK_DAY if quick else DAY))}


def _times_longer(small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    seconds = [name for name in small if name.endswith("seconds")]
    return {name.removesuffix("_seconds"): round(large[name] / small[name], 1) for name in seconds}
