"""Initial load: ours beside dlt's, from one server into SQLite, in turns; and how ours grows.

Each load is a fresh process into an empty folder. `own_seconds` begins when everything is imported, `process_seconds`
is the whole process; figures are medians over the rounds.
"""

from statistics import median
from typing import Any

from bench.rig.children import run_python
from bench.rig.figures import Target
from bench.rig.pipeline import declare, temporary_folder
from bench.rig.sandbox import Sandbox, sandbox

#: dlt's ways to write the same rows; the fastest one of each latency is what ours is held against.
DLT_VARIANTS = ("sqlite", "sqlite_nested", "duckdb")
SIZE, QUICK_SIZE = (1000, 10_000), (100, 1000)
TEN_TIMES, QUICK_TEN_TIMES = (10_000, 100_000), (1000, 10_000)
ROUNDS = 7
TARGETS = {
    "0 ms.ours_faster_own": Target(at_least=2.0),
    "0 ms.ours_faster_process": Target(at_least=2.0),
    "50 ms.ours_faster_own": Target(at_least=5.0),
    "50 ms.ours_faster_process": Target(at_least=5.0),
    "*.peak_rss_mb": Target(at_most=300),
    "ten times as many.times_longer": Target(at_most=12.0),
}

_MEASURED = ("own_seconds", "process_seconds", "cpu_seconds", "peak_rss_mb")


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure at 0 ms and at 50 ms per answer, then ten times the size."""
    size, rounds = (QUICK_SIZE, 1) if quick else (SIZE, ROUNDS)
    figures = {f"{latency} ms": _side_by_side(size, latency, rounds) for latency in (0, 50)}
    return {**figures, "ten times as many": _growth(size, QUICK_TEN_TIMES if quick else TEN_TIMES, min(rounds, 3))}


def _side_by_side(size: tuple[int, int], latency: int, rounds: int) -> dict[str, Any]:
    events, definitions = size
    with (
        temporary_folder() as folder,
        sandbox(folder, events=events, definitions=definitions, latency_ms=latency) as there,
    ):
        _ours(there)
        tried = {variant: _dlt(there, variant)["own_seconds"] for variant in DLT_VARIANTS}
        fastest = min(tried, key=lambda variant: tried[variant])
        turns = [(_ours(there), _dlt(there, fastest)) for _ in range(rounds)]
    ours, theirs = _medians([mine for mine, _ in turns]), _medians([other for _, other in turns])
    return {
        "ours": ours,
        f"dlt ({fastest})": {f"dlt_{name}": value for name, value in theirs.items()},
        "dlt_variants_own_seconds_once": tried,
        "ours_faster_own": round(theirs["own_seconds"] / ours["own_seconds"], 2),
        "ours_faster_process": round(theirs["process_seconds"] / ours["process_seconds"], 2),
        "rounds": rounds,
    }


def _growth(size: tuple[int, int], larger: tuple[int, int], rounds: int) -> dict[str, Any]:
    small, large = (_medians(_several(each, rounds)) for each in (size, larger))
    return {
        f"{size[1]} definitions": small,
        f"{larger[1]} definitions": large,
        "times_longer": round(large["own_seconds"] / small["own_seconds"], 2),
        "rss_grown_mb": large["peak_rss_mb"] - small["peak_rss_mb"],
    }


def _several(size: tuple[int, int], rounds: int) -> list[dict[str, Any]]:
    events, definitions = size
    with temporary_folder() as folder, sandbox(folder, events=events, definitions=definitions) as there:
        return [_ours(there) for _ in range(rounds)]


def _ours(there: Sandbox) -> dict[str, Any]:
    with temporary_folder() as folder:
        return run_python("bench.rig.our_load", str(declare(folder, there)), folder=folder)


def _dlt(there: Sandbox, variant: str) -> dict[str, Any]:
    with temporary_folder() as folder:
        return run_python("bench.rig.dlt_load", there.base_url, str(folder), variant, folder=folder)


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    found = {name: round(median(each[name] for each in runs), 3) for name in _MEASURED}
    seconds = [each["own_seconds"] for each in runs]
    return {**found, "fastest_own": min(seconds), "slowest_own": max(seconds), "definitions": runs[0]["definitions"]}
