"""values.yaml: what Dagster's chart makes of it is a Dagster set up as everywhere, and runs that may do little."""

import importlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterRun
from dagster._config import process_config, resolve_to_config_type
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.instance.ref import InstanceRef
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._serdes import ConfigurableClassData
from dagster_k8s import K8sRunLauncher
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import construct_dagster_k8s_job
from dagster_postgres.utils import pg_url_from_config
from kubernetes.client import ApiClient  # type: ignore[import-untyped] # ships no types
from sqlalchemy import make_url

from ticket_pipeline_tests import deploy_chart
from ticket_pipeline_tests.deploying import KUBERNETES, ROOT, fits_kubernetes, has_the_least_rights, read

VALUES = read(KUBERNETES / "values.yaml")
SHIPPED = read(ROOT / "dagster.yaml")
(DEPLOYMENT,) = VALUES["dagster-user-deployments"]["deployments"]
IMAGE = f"{DEPLOYMENT['image']['repository']}:{DEPLOYMENT['image']['tag']}"
RUN_ID = "8c54b4a1-8b2f-4c43-9b5e-3f1d2a0c7e66"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstanceRef:
    """The file the chart writes, taken by Dagster, which checks its shape."""
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "made/up")
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(deploy_chart.dagster_yaml(VALUES)), encoding="utf-8")
    return InstanceRef.from_dir(str(tmp_path))


def checked(data: ConfigurableClassData | None) -> Mapping[str, Any]:
    """Hold a part's settings against what its class takes."""
    assert data is not None
    part = getattr(importlib.import_module(data.module_name), data.class_name)
    found = process_config(resolve_to_config_type(part.config_type()), data.config_dict)
    assert found.success, found.errors
    return found.value or {}


def test_dagster_takes_what_the_chart_writes(instance: InstanceRef) -> None:
    parts = [instance.scheduler_data, instance.run_coordinator_data, instance.run_launcher_data]
    assert [bool(checked(each)) for each in parts] == [True, True, True]
    assert instance.settings["run_retries"] == SHIPPED["run_retries"]


def test_the_storage_is_postgresql_by_the_driver_dagster_is_made_for(instance: InstanceRef) -> None:
    for each in (instance.run_storage_data, instance.event_storage_data, instance.schedule_storage_data):
        assert make_url(pg_url_from_config(checked(each))).get_dialect().driver == "psycopg2"


def test_dagster_is_set_up_as_it_ships_but_for_what_a_cluster_is() -> None:
    written = deploy_chart.dagster_yaml(VALUES)
    monitoring = written["run_monitoring"]
    # A node that has never had the image fetches it.
    assert monitoring.pop("start_timeout_seconds") > SHIPPED["run_monitoring"].pop("start_timeout_seconds")
    elsewhere = {"storage", "local_artifact_storage", "compute_logs"}
    assert {key: written.get(key) for key in SHIPPED.keys() - elsewhere} == {
        key: SHIPPED[key] for key in SHIPPED.keys() - elsewhere
    }


def test_nothing_is_said_twice() -> None:
    added = VALUES["additionalInstanceConfig"].keys()
    assert not added & deploy_chart.own_blocks(VALUES).keys()
    for block in added & deploy_chart.SWITCHES.keys():
        said: Any = VALUES
        for key in deploy_chart.SWITCHES[block]:
            said = said[key]
        assert said is False, block


def test_the_code_location_has_the_name_it_has_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert DEPLOYMENT["name"] == project["tool"]["dg"]["project"]["code_location_name"]
    importlib.import_module(DEPLOYMENT["dagsterApiGrpcArgs"][-1])


def test_one_image_serves_every_role_and_has_our_version() -> None:
    images = [VALUES[name]["image"] for name in ("dagsterWebserver", "dagsterDaemon")]
    assert all(each == DEPLOYMENT["image"] for each in images)
    (overridden,) = read(KUBERNETES / "kustomization.yaml")["images"]
    assert f"{overridden['name']}:{overridden['newTag']}" == IMAGE
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert IMAGE.endswith(f":{version}")


def test_the_webserver_is_private() -> None:
    assert VALUES["ingress"] == {"enabled": False}
    service = VALUES["dagsterWebserver"]["service"]
    assert service["type"] == "ClusterIP"
    assert VALUES["dagsterWebserver"]["readinessProbe"]["httpGet"]["port"] == service["port"] > 1024


@pytest.mark.parametrize("part", ["dagsterWebserver", "dagsterDaemon"])
def test_dagsters_own_pods_may_do_little(part: str) -> None:
    has_the_least_rights(as_pod(VALUES[part]))


def test_the_code_servers_pod_may_do_little() -> None:
    has_the_least_rights(as_pod(DEPLOYMENT))


def test_a_code_server_can_write_to_the_home_in_which_it_is_given_no_settings() -> None:
    volumes = {each["name"] for each in DEPLOYMENT["volumes"] if "emptyDir" in each}
    assert deploy_chart.DAGSTER_HOME in {
        each["mountPath"] for each in DEPLOYMENT["volumeMounts"] if each["name"] in volumes
    }


def as_pod(part: dict[str, Any]) -> dict[str, Any]:
    """Lay a part of the values out as the pod that the chart makes of it."""
    container = {name: part[name] for name in ("securityContext", "volumeMounts", "resources")}
    return {"securityContext": part["podSecurityContext"], "volumes": part["volumes"], "containers": [container]}


@pytest.fixture
def run_worker(instance: InstanceRef, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The job that Dagster would have Kubernetes start for a run, as Kubernetes would be sent it."""
    monkeypatch.setattr("dagster_k8s.launcher.load_kubernetes_config", lambda **_: None)
    data = instance.run_launcher_data
    launcher = K8sRunLauncher(inst_data=data, **checked(data))
    repository = RepositoryPythonOrigin(
        executable_path="python",
        code_pointer=ModuleCodePointer("ticket_pipeline.definitions", "defs"),
        container_image=IMAGE,
        container_context=deploy_chart.container_context(VALUES),
    )
    run = DagsterRun(job_name="follow", run_id=RUN_ID, job_code_origin=JobPythonOrigin("follow", repository))
    context = K8sContainerContext.create_for_run(run, launcher, include_run_tags=True)
    job = construct_dagster_k8s_job(
        job_config=context.get_k8s_job_config(job_image=IMAGE, run_launcher=launcher),
        args=["dagster", "api", "execute_run"],
        job_name=f"dagster-run-{RUN_ID}",
        component="run_worker",
        user_defined_k8s_config=context.run_k8s_config,
    )
    return ApiClient().sanitize_for_serialization(job)  # type: ignore[no-any-return] # as Kubernetes has it


def test_a_run_is_a_job_that_kubernetes_takes(run_worker: dict[str, Any]) -> None:
    fits_kubernetes([{"apiVersion": "batch/v1", "kind": "Job", **run_worker}])
    assert run_worker["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


def test_a_run_may_do_little(run_worker: dict[str, Any]) -> None:
    pod = run_worker["spec"]["template"]["spec"]
    has_the_least_rights(pod)
    assert pod["automountServiceAccountToken"] is False


def test_a_run_knows_the_pipeline_and_its_secrets(run_worker: dict[str, Any]) -> None:
    (container,) = run_worker["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value") or each["valueFrom"] for each in container["env"]}
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert str(Path(variables["TICKET_PIPELINE_CONFIG"]).parent) in mounted
    assert {"secretRef": {"name": "ticket-pipeline"}} in container["envFrom"]
    # Dagster's settings come with the command to run; they name this variable.
    secret = {"name": VALUES["global"]["postgresqlSecretName"], "key": "postgresql-password"}
    assert variables["DAGSTER_PG_PASSWORD"] == {"secretKeyRef": secret}
