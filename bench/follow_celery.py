"""Follow with the runs as tasks of two Celery workers, over Redis (needs `redis-server`): the same edits and burst."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.follow import measure
from bench.rig.children import running
from bench.rig.dagster import dagster, environment_of
from bench.rig.machine import ROOT
from bench.rig.sandbox import free_port

_SETTINGS = ROOT / "deploy" / "celery"


def run(*, quick: bool = False) -> dict[str, Any]:
    """Edit one by one, with time to think in between, and then a thousand times at once."""
    return measure(_dagster_on_celery, quick=quick)


@contextmanager
def _dagster_on_celery(folder: Path, declared: Path) -> Iterator[None]:
    redis = shutil.which("redis-server")
    if redis is None:
        raise RuntimeError("redis-server is not installed")
    port = free_port()
    there = {
        "TICKET_PIPELINE_BROKER": f"redis://127.0.0.1:{port}/0",
        "TICKET_PIPELINE_RESULTS": f"redis://127.0.0.1:{port}/1",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    broker = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with (
        running(broker, log=folder / "redis.log"),
        dagster(folder, declared, settings=_SETTINGS / "dagster.yaml", variables=there),
        running(_worker(), log=folder / "worker.log", environment={**environment_of(folder, declared), **there}),
    ):
        yield


def _worker() -> list[str]:
    started = [str(Path(sys.executable).parent / "dagster-celery"), "worker", "start", "-A", "dagster_celery.app"]
    return [*started, "-y", str(_SETTINGS / "worker.yaml"), "-q", "dagster", "--", "--concurrency", "2"]
