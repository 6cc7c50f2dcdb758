"""Run the benches: `python -m bench [--quick] [name ...]`; all without a name. A missed target is said, not raised."""

import argparse
import importlib
import inspect
import json
import signal
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from rich.console import Console

from bench.rig import report
from bench.rig.figures import Row, rows
from bench.rig.machine import ROOT, commit, load_average, machine

#: What is asked for, and the module that has its `run() -> dict` and its `TARGETS`.
BENCHES = {
    "requests": "bench.requests",
    "load": "bench.initial_load",
    "publish": "bench.publish",
    "pretix": "bench.pretix",
    "announce": "bench.announce",
    "counter": "bench.counter",
    "backfill": "bench.backfill",
    "landing": "bench.landing",
    "follow": "bench.follow",
    "follow-celery": "bench.follow_celery",
    "workers": "bench.workers",
    "growth": "bench.growth",
}
RESULTS = ROOT / "bench" / "results"


def main() -> int:
    """Run, show and keep; 1 only when a bench could not be run at all."""
    given = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    console, results, crashed, shown = Console(), dict[str, Any](), False, list[Row]()
    for name in given.names or [each for each in BENCHES if find_spec(BENCHES[each])]:
        module = importlib.import_module(BENCHES[name])
        console.print(f"[bold]{name}[/bold]: {(module.__doc__ or '').splitlines()[0]}")
        try:
            results[name] = _measure(module, quick=given.quick)
        except Exception as error:  # noqa: BLE001 - one bench that cannot run is told, and the others still run
            console.print(f"{name} could not be measured: {error}", style="bold red", markup=False)
            results[name], crashed = {"error": str(error)}, True
            continue
        lines = rows(results[name]["figures"], getattr(module, "TARGETS", {}))
        shown += lines
        report.show(console, name, lines, quick=given.quick)
    path = _keep(results, quick=given.quick)
    report.conclude(console, path, shown, quick=given.quick)
    return int(crashed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"{', '.join(BENCHES)}; all of them when none is given"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: to see that it runs")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHES.keys())
    if unknown:
        parser.error(f"unknown bench {unknown[0]!r}; allowed: {', '.join(BENCHES)}")
    return given


def _measure(module: ModuleType, *, quick: bool) -> dict[str, Any]:
    """Run one bench; one that has no quick size runs in its only one."""
    before, started = load_average(), time.perf_counter()
    knows_quick = "quick" in inspect.signature(module.run).parameters
    figures = module.run(quick=quick) if knows_quick else module.run()
    took = round(time.perf_counter() - started, 1)
    return {"figures": figures, "load_average_before": before, "bench_seconds": took}


def _keep(results: dict[str, Any], *, quick: bool) -> Path:
    """Write the results to a file named after the day and the commit."""
    now, code = datetime.now(UTC), commit()
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%dT%H%M%S}-{code}.json"
    kept = {"at": now.isoformat(timespec="seconds"), "commit": code, "quick": quick, "machine": machine()}
    path.write_text(json.dumps({**kept, "benches": results}, indent=2) + "\n", encoding="utf-8")
    return path


def _stop(*_: object) -> NoReturn:
    """Leave as on Ctrl-C, so that every child process is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
