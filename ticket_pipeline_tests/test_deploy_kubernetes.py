"""The receiver's manifests: good Kubernetes, public where they must be, and in step with the server."""

import re
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from starlette.applications import Starlette
from starlette.routing import Route

from ticket_pipeline import config
from ticket_pipeline.counter.stream import CounterParts, counter_routes
from ticket_pipeline.server import ServerParts, build_server, uvicorn_config
from ticket_pipeline.store.database import Database
from ticket_pipeline.unsubscribe.routes import UnsubscribeParts, unsubscribe_routes
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.deploying import (
    KUBERNETES,
    fits_kubernetes,
    has_the_least_rights,
    manifests,
    program,
    read,
)

PIPELINE = KUBERNETES / "pipeline.yaml"
#: For those who look after the server.
PRIVATE = {"/healthz", "/metrics"}
#: Seconds beside waiting for answers in which the server lands what waits and ends.
ENDING = 10


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in manifests() if each["kind"] == kind]


def deployment() -> dict[str, Any]:
    (found,) = of_kind("Deployment")
    return found["spec"]  # type: ignore[no-any-return] # as YAML has it


def pod() -> dict[str, Any]:
    return deployment()["template"]["spec"]  # type: ignore[no-any-return] # as YAML has it


def labels() -> dict[str, str]:
    return deployment()["template"]["metadata"]["labels"]  # type: ignore[no-any-return] # as YAML has it


def test_kubernetes_takes_every_manifest() -> None:
    fits_kubernetes(manifests())


def test_every_manifest_is_named_by_the_kustomization() -> None:
    kustomization = read(KUBERNETES / "kustomization.yaml")
    named = {*kustomization["resources"], "kustomization.yaml", "values.yaml"}
    for each in kustomization["configMapGenerator"]:
        named |= set(each["files"])
    assert {path.name for path in KUBERNETES.iterdir()} == named


def test_kustomize_puts_them_together() -> None:
    done = subprocess.run([program("kubectl"), "kustomize", KUBERNETES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert {each["kind"] for each in built} == {"ConfigMap", *(each["kind"] for each in manifests())}
    assert {each["metadata"].get("namespace") for each in built if each["kind"] != "Namespace"} == {"tickets"}
    (pipeline,) = (each for each in built if each["kind"] == "ConfigMap")
    assert pipeline["data"] == {"pipeline.yaml": PIPELINE.read_text(encoding="utf-8")}
    assert pipeline["metadata"]["name"] == "ticket-pipeline"


def test_the_receiver_may_do_little() -> None:
    has_the_least_rights(pod())
    assert pod()["automountServiceAccountToken"] is False


def test_the_receiver_has_the_time_to_end_well() -> None:
    (container,) = pod()["containers"]
    until_nobody_comes = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    answers_under_way = uvicorn_config(Starlette()).timeout_graceful_shutdown
    assert answers_under_way is not None
    assert pod()["terminationGracePeriodSeconds"] >= until_nobody_comes + answers_under_way + ENDING


def test_a_receiver_is_not_begun_again_because_its_database_is_away() -> None:
    (container,) = pod()["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"
    assert "httpGet" not in container["livenessProbe"]


def test_everything_that_selects_the_receiver_does() -> None:
    selectors = [deployment()["selector"]["matchLabels"]]
    selectors += [each["spec"]["selector"] for each in of_kind("Service")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget")]
    selectors += [each["labelSelector"]["matchLabels"] for each in pod()["topologySpreadConstraints"]]
    assert selectors == [labels()] * 4


def test_the_public_reaches_what_is_made_for_it_and_nothing_else() -> None:
    made_for_it = [*counter_routes(cast(CounterParts, None)), *unsubscribe_routes(cast(UnsubscribeParts, None))]
    server = build_server(ServerParts(database=cast(Database, None), endpoints=(), routes=made_for_it))
    paths = {example(cast(Route, each).path) for each in server.routes}
    assert paths > PRIVATE
    public = paths - PRIVATE
    assert [path for path in public if not any(let_in(path))] == []
    assert [path for path in PRIVATE if any(let_in(path))] == []
    assert all(any(column) for column in zip(*map(let_in, public), strict=True))


def example(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


def let_in(path: str) -> list[bool]:
    """Say for each path of the Ingress whether it lets this one in, by Kubernetes' rules."""
    (ingress,) = of_kind("Ingress")
    (rule,) = ingress["spec"]["rules"]
    return [
        path == each["path"] or (each["pathType"] == "Prefix" and path.startswith(f"{each['path']}/"))
        for each in rule["http"]["paths"]
    ]


def test_the_ingress_is_that_of_the_declared_public_url() -> None:
    (ingress,) = of_kind("Ingress")
    hosts = [each["host"] for each in ingress["spec"]["rules"]]
    assert [f"https://{host}" for host in hosts] == [read(PIPELINE)["server"]["public_url"]]
    assert [each["hosts"] for each in ingress["spec"]["tls"]] == [hosts]


def test_nobody_may_go_to_dagsters_webserver() -> None:
    webserver = {"component": "dagster-webserver", "app.kubernetes.io/name": "dagster"}
    reaching = [each["spec"] for each in of_kind("NetworkPolicy") if _selects(each["spec"]["podSelector"], webserver)]
    assert [each.get("ingress") for each in reaching if "Ingress" in each["policyTypes"]] == [None]


def test_the_receiver_reaches_neither_the_cluster_nor_the_clouds_metadata() -> None:
    (leaving,) = (each["spec"] for each in of_kind("NetworkPolicy") if each["spec"]["policyTypes"] == ["Egress"])
    assert _selects(leaving["podSelector"], labels())
    ports = {port["port"] for rule in leaving["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 5432}
    blocks = [to["ipBlock"] for rule in leaving["egress"] for to in rule.get("to", []) if "ipBlock" in to]
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(blocks[0]["except"])


def _selects(selector: dict[str, Any], its: dict[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= its.items()


@pytest.fixture
def made_up(tmp_path: Path) -> dict[str, str]:
    text = PIPELINE.read_text(encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "made-up")
    for name in ("TICKET_PIPELINE_STATE", "TICKETING_URL"):
        variables[name] = f"sqlite:///{tmp_path}/{name}.db"
    return variables


def test_the_pipeline_is_a_good_one(made_up: dict[str, str]) -> None:
    site = Wiring(config.load(str(PIPELINE), made_up)).site("box_office")
    assert site.destination.identity.startswith("sql")
    site.database.close()


def test_the_pipeline_says_which_variables_it_wants(made_up: dict[str, str]) -> None:
    head = "\n".join(line for line in PIPELINE.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    assert set(made_up) == set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", head))
