"""What the page on watching says exists does, and what exists is on the page: figures, alerts, words, spans."""

import ast
import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import ticket_pipeline
from ticket_pipeline.live_counters import LiveCounters
from ticket_pipeline.server import ServerParts
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.webhooks.running import serving

PACKAGE = Path(ticket_pipeline.__file__).parent
ROOT = PACKAGE.parent
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
FOLDER = ROOT / "deploy" / "observability"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
ALERTS = [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
#: Prometheus' own, of whom it asks.
OWN = {"up"}
#: Grafana's, as Prometheus would see them.
FILLED_IN = {"$__rate_interval": "5m", "$site": "box_office"}
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of Debian's prometheus")


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ask a server that has seen nothing yet."""
    wix = {"base_url": "http://127.0.0.1:9", "auth": {"kind": "api_key", "api_key": "x", "site_id": "x"}}
    state = f"sqlite:///{tmp_path_factory.mktemp('observability')}/state.db"
    wiring = Wiring(Pipeline.model_validate({"state": state, "sites": {"box_office": {"wix": wix, "counters": {}}}}))
    figures = [LiveCounters(wiring).figures]
    parts = ServerParts(
        database=wiring.database, endpoints=[], requests_per_minute={"box_office": 200}, figures=figures
    )
    with serving(parts) as client:
        text = client.get("/metrics").text
    wiring.database.close()
    return text


@pytest.fixture(scope="module")
def families(exposed: str) -> dict[str, Metric]:
    found = text_string_to_metric_families(exposed)
    return {each.name: each for each in found if not each.name.endswith("_created")}


def table(heading: str) -> list[list[str]]:
    """Read the rows of the page's table that begins with this heading, code marks taken off."""
    _, _, rest = PAGE.partition(f"| {heading} |")
    rows = [line.strip("| ").split(" | ") for line in rest.partition("\n\n")[0].splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def coded(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def every_call() -> dict[str, list[ast.Call]]:
    """Read the package once; give what is called by a name, or by a name's name."""
    found = defaultdict[str, list[ast.Call]](list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found[_name(node.func)].append(node)
    return found


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return f"{called.value.id}.{called.attr}"
    return called.id if isinstance(called, ast.Name) else ""


def test_the_page_lists_every_figure_with_its_type(families: dict[str, Metric]) -> None:
    told = {}
    for name, kind, *_ in table("metric"):
        (name,) = coded(name)
        told[name.removesuffix("_total") if kind == "counter" else name] = kind
    assert told == {name: family.type for name, family in families.items()}


def test_the_page_names_the_labels_of_every_figure(families: dict[str, Metric]) -> None:
    told = {coded(row[0])[0].removesuffix("_total"): set(coded(row[2])) for row in table("metric")}
    for name, family in families.items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == told[name], name


def test_every_site_has_every_figure_before_anything_has_happened(families: dict[str, Metric]) -> None:
    without = {name for name, family in families.items() if not family.samples}
    assert without == {
        # There was no success, and who decides on limits has them in hand.
        "ticket_pipeline_last_success_timestamp_seconds",
        "ticket_pipeline_counter_requests_refused",
        # No endpoint takes webhooks here.
        "ticket_pipeline_webhooks_landed",
        "ticket_pipeline_webhooks_duplicates",
        "ticket_pipeline_inbox_depth",
        "ticket_pipeline_inbox_oldest_seconds",
    }


def test_no_label_could_grow_without_end(families: dict[str, Metric]) -> None:
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    labels |= {name for row in table("metric") for name in coded(row[2])}
    assert labels == {"site", "flow", "outcome", "result", "reason", "limit", "le"}


@needs_promtool
def test_the_names_keep_to_prometheus_own_rules(exposed: str) -> None:
    done = subprocess.run(["promtool", "check", "metrics"], input=exposed, capture_output=True, text=True, check=False)
    # A counter of tickets is no counter of Prometheus'.
    assert [line for line in done.stderr.splitlines() if "should not include type 'counter'" not in line] == []


def expressions() -> Iterator[Any]:
    for panel in PANELS:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for rule in ALERTS:
        yield pytest.param(rule["expr"], id=rule["alert"])


def parsed(expression: str) -> Any:
    for name, value in FILLED_IN.items():
        expression = expression.replace(name, value)
    return promql_parser.parse(expression)


def selectors(node: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str], tuple[str, ...]]]:
    """Give each metric of a query, with what it is matched by and the aggregations around it, the outermost first."""
    if isinstance(node, promql_parser.VectorSelector):
        matched = {each.name: each.value for each in node.matchers.matchers}
        yield node.name or "", matched, inside
    elif isinstance(node, promql_parser.MatrixSelector):
        yield from selectors(node.vector_selector, inside)
    elif isinstance(node, promql_parser.AggregateExpr):
        yield from selectors(node.expr, (*inside, str(node.op)))
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from (*selectors(node.lhs, inside), *selectors(node.rhs, inside))
    elif isinstance(node, promql_parser.Call):
        for each in node.args:
            yield from selectors(each, inside)
    elif isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        yield from selectors(node.expr, inside)


@pytest.mark.parametrize("expression", list(expressions()))
def test_a_query_asks_for_figures_that_there_are(expression: str, families: dict[str, Metric]) -> None:
    asked = list(selectors(parsed(expression)))
    assert asked
    for name, matched, _ in asked:
        if name in OWN:
            continue
        of = {"counter": ["_total"], "histogram": ["_bucket"], "gauge": [""]}
        there = {f"{each}{end}": family for each, family in families.items() for end in of[family.type]}
        assert name in there, name
        (row,) = [row for row in table("metric") if coded(row[0])[0] in {name, there[name].name}]
        assert matched.keys() <= {*coded(row[2]), "le"}, name


@pytest.mark.parametrize("expression", list(expressions()))
def test_what_all_servers_tell_alike_is_never_added_up(expression: str) -> None:
    pipeline = {coded(row[0])[0] for row in table("metric") if row[3] == "pipeline"}
    for name, _, inside in selectors(parsed(expression)):
        if name.removesuffix("_bucket") in pipeline:
            assert inside[-1] in {"max", "min"}, f"{name} is the same at every server"
        elif name not in OWN:
            assert inside, f"{name} is of one server"


def test_the_dashboard_can_be_imported_anywhere() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert {each["datasource"]["uid"] for each in PANELS} == {"${datasource}"}
    assert DASHBOARD.get("id") is None
    assert DASHBOARD["uid"]
    ids = [each["id"] for each in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_panel_has_a_unit_and_says_what_it_shows() -> None:
    for each in PANELS:
        assert each["fieldConfig"]["defaults"]["unit"], each["title"]
        assert each["description"].endswith("."), each["title"]
        assert each["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for each in DASHBOARD["panels"]:
        place = each["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, each["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def test_the_page_lists_every_alert() -> None:
    assert [coded(row[0])[0] for row in table("alert")] == [rule["alert"] for rule in ALERTS]


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert len(rule["annotations"]["summary"]) < 80
        assert rule["annotations"]["description"].endswith((".", "?")), rule["alert"]


@needs_promtool
def test_each_alert_comes_when_it_should_and_not_before() -> None:
    for command in (["check", "config", "prometheus.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried() -> None:
    tried = (FOLDER / "alerts.test.yaml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in ALERTS if f'alertname="{rule["alert"]}"' not in tried] == []


_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def logged() -> list[tuple[str, ast.Call]]:
    """Find what is logged: the level, and the call."""
    return [(level.replace("exception", "error"), call) for level in _LEVELS for call in every_call()[f"log.{level}"]]


def test_a_line_of_the_log_begins_with_a_word() -> None:
    for _, call in logged():
        word = call.args[0]
        assert isinstance(word, ast.Constant), ast.unparse(call)
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", str(word.value)), ast.unparse(call)
        assert [each.arg for each in call.keywords] in ([], ["extra"]), ast.unparse(call)


def test_the_page_lists_every_word_with_its_level() -> None:
    said = {(ast.literal_eval(call.args[0]), level) for level, call in logged()}
    assert sorted((coded(row[0])[0], row[1]) for row in table("event")) == sorted(said)


def test_no_field_of_the_log_could_be_a_person_or_a_secret() -> None:
    fields = {
        key.value
        for _, call in logged()
        for extra in call.keywords
        for key in ast.walk(extra.value)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    assert fields
    assert not fields & {"address", "email", "name", "to", "token", "secret", "password", "url", "headers", "body"}


def test_the_page_lists_every_span() -> None:
    spans = {ast.literal_eval(call.args[0]) for call in every_call()["span"] if isinstance(call.args[0], ast.Constant)}
    flows = {"flow.events", "flow.load", "flow.follow", "flow.publish", "flow.reconcile"}
    assert len(every_call()["recorded"]) == len(flows)
    assert {name for row in table("span") for name in coded(row[0])} == spans | flows


def test_the_page_lists_the_attributes_of_every_span() -> None:
    told = {name: set(coded(row[2])) for row in table("span") for name in coded(row[0])}
    for call in every_call()["span"]:
        if isinstance(call.args[0], ast.Constant):
            given = {each.arg for each in call.keywords}
            assert given <= told[str(call.args[0].value)], ast.unparse(call)
    assert {each.arg for call in every_call()["note"] for each in call.keywords} <= {
        attribute for attributes in told.values() for attribute in attributes
    }
