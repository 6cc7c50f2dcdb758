"""Dagster as users run it, webserver, daemon and code server, in a folder that goes away."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests

from bench.rig.children import running
from bench.rig.machine import ROOT
from bench.rig.pipeline import SITE
from bench.rig.sandbox import free_port
from ticket_pipeline.orchestration.code_location import LOCATION
from ticket_pipeline.orchestration.names import PARTITIONED, Names

T = TypeVar("T")

_LOCATED = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}
_START, _LONGEST = 120.0, 240.0
_DONE = {"SUCCESS", "FAILURE", "CANCELED"}
_RUNS = """query($wanted: RunsFilter!) { runsOrError(filter: $wanted) {
    ... on Runs { results { runId status startTime endTime } } } }"""
_SENSOR = "query($where: SensorSelector!) { sensorOrError(sensorSelector: $where) { ... on Sensor { id } } }"


class Dagster:
    """A running Dagster, spoken to as its UI does."""

    def __init__(self, url: str) -> None:
        self.names = Names(SITE)
        self._url = f"{url}/graphql"

    def stop_sensor(self) -> None:
        """Turn the site's sensor off."""
        sensor = self.ask(_SENSOR, where={**_LOCATED, "sensorName": self.names.sensor})
        self.ask("mutation($id: String!) { stopSensor(id: $id) { __typename } }", id=sensor["sensorOrError"]["id"])

    def partitions(self) -> list[str]:
        """List the event partitions."""
        key = {"path": self.names.key(PARTITIONED[0]).path}
        query = (
            "query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys } } }"
        )
        found: list[str] = self.ask(query, key=key)["assetNodeOrError"]["partitionKeys"]
        return found

    def launch(self, job: str, *, partition: str | None = None) -> str:
        """Launch a run of a job; give its id."""
        tags = [{"key": "dagster/partition", "value": partition}] if partition else []
        parameters = {
            "selector": {**_LOCATED, "jobName": job},
            "runConfigData": {},
            "executionMetadata": {"tags": tags},
        }
        query = """mutation($given: ExecutionParams!) { launchRun(executionParams: $given) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        launched = self.ask(query, given=parameters)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(f"Dagster did not launch {job}: {launched}")
        run_id: str = launched["run"]["runId"]
        return run_id

    def launch_backfill(self, partitions: Sequence[str]) -> str:
        """Launch a backfill of all partitioned assets over these partitions; give its id."""
        assets = [{"path": self.names.key(each).path} for each in PARTITIONED]
        query = """mutation($given: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $given) {
            __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
        given = {"assetSelection": assets, "partitionNames": list(partitions)}
        launched = self.ask(query, given=given)["launchPartitionBackfill"]
        if launched["__typename"] != "LaunchBackfillSuccess":
            raise RuntimeError(f"Dagster did not launch the backfill: {launched}")
        backfill: str = launched["backfillId"]
        return backfill

    def runs_of(self, backfill: str) -> list[dict[str, Any]]:
        """List the runs a backfill has started."""
        return self._runs({"tags": [{"key": "dagster/backfill", "value": backfill}]})

    def wait_for_backfill(self, backfill: str) -> str:
        """Wait until a backfill is over; give its last status."""
        query = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
            ... on PartitionBackfill { status } } }"""

        def over() -> str | None:
            status: str = self.ask(query, id=backfill)["partitionBackfillOrError"]["status"]
            return status if status.startswith(("COMPLETED", "FAILED", "CANCELED")) else None

        return _wait(over, _LONGEST, "the backfill did not end")

    def wait_for_runs(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Wait until these runs are over; give them."""

        def over() -> list[dict[str, Any]] | None:
            found = self._runs({"runIds": list(ids)})
            return found if all(each["status"] in _DONE for each in found) else None

        return _wait(over, _LONGEST, "the runs did not end")

    def _runs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(_RUNS, wanted=wanted)["runsOrError"]["results"]
        return found

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask as the UI does."""
        answer = requests.post(self._url, json={"query": query, "variables": variables}, timeout=60).json()
        if answer.get("errors"):
            raise RuntimeError(f"Dagster refused: {answer['errors'][0]['message']}")
        data: dict[str, Any] = answer["data"]
        return data


@contextmanager
def dagster(
    folder: Path,
    pipeline_file: Path,
    *,
    settings: Path = ROOT / "dagster.yaml",
    variables: Mapping[str, str] | None = None,
) -> Iterator[Dagster]:
    """Run `dagster dev` with the project's own settings, its storage in the folder, for the block."""
    environment = {**environment_of(folder, pipeline_file), **(variables or {})}
    home = Path(environment["DAGSTER_HOME"])
    home.mkdir()
    told = settings.read_text(encoding="utf-8").replace(".ticket-pipeline/dagster", str(home))
    (home / "dagster.yaml").write_text(told, encoding="utf-8")
    port, log = free_port(), folder / "dagster.log"
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-p", str(port)]
    with running([*command, "-h", "127.0.0.1"], log=log, environment=environment) as process:

        def up() -> bool | None:
            if process.poll() is not None:
                raise RuntimeError(f"Dagster ended:\n{log.read_text(encoding='utf-8')[-3000:]}")
            return _answers(port)

        _wait(up, _START, "Dagster did not start")
        yield Dagster(f"http://127.0.0.1:{port}")


def environment_of(folder: Path, pipeline_file: Path) -> dict[str, str]:
    """Give the variables by which a process of Dagster's finds its storage and our pipeline."""
    return {"DAGSTER_HOME": str(folder / "dagster-home"), "TICKET_PIPELINE_CONFIG": str(pipeline_file)}


def _answers(port: int) -> bool | None:
    try:
        return requests.get(f"http://127.0.0.1:{port}/server_info", timeout=5).ok or None
    except requests.RequestException:
        return None


def _wait(look: Callable[[], T | None], seconds: float, complaint: str) -> T:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.25)
    raise RuntimeError(f"{complaint} within {seconds:.0f} s")
