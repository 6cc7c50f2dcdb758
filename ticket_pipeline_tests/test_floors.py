"""The house stands: modules import from lower floors only, and each library has one home."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ticket_pipeline

ROOT = Path(ticket_pipeline.__file__).parent

#: From the top down. A place may import from floors below its own, and from itself.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"__main__"}),
    frozenset({"definitions", "cli"}),
    frozenset({"commands"}),
    frozenset({"orchestration", "server", "live_counters", "sandbox"}),
    frozenset({"wiring"}),
    frozenset({"config", "terminal"}),
    frozenset({"flows", "webhooks", "counter", "unsubscribe", "config_errors", "settings", "defs_yaml"}),
    frozenset({"store", "destinations", "audiences", "channels"}),
    frozenset({"json_api", "foreign_database", "retention_settings"}),
    frozenset({"wix"}),
    frozenset(
        {
            "mapping",
            "messages",
            "kinds",
            "yaml_source",
            "sandbox_subscribers",
            "setting_types",
            "backoff",
            "keepalive",
            "query_plans",
        }
    ),
    frozenset({"model", "errors", "as_json", "words", "declared_path", "log_lines", "tracing"}),
)

#: Where each library may be imported; a library that is not named here may be imported anywhere.
HOMES: dict[str, frozenset[str]] = {
    "dagster": frozenset({"orchestration", "definitions"}),
    "dagster_celery": frozenset({"orchestration.celery_launcher"}),
    # Dagster lets SQLAlchemy's errors through as they are.
    "sqlalchemy": frozenset(
        {
            "store",
            "foreign_database",
            "destinations.sql",
            "audiences.sql",
            "orchestration.instance",
            "orchestration.old_events",
        }
    ),
    "alembic": frozenset({"store"}),
    "starlette": frozenset({"server", "webhooks.receiver", "counter.stream", "unsubscribe.routes", "sandbox"}),
    "uvicorn": frozenset({"server", "sandbox"}),
    "requests": frozenset({"wix", "json_api", "destinations", "audiences", "channels", "sandbox"}),
    "pandas": frozenset({"mapping", "orchestration"}),
    "yaml": frozenset({"yaml_source", "orchestration.instance", "orchestration.component_schema"}),
    "click": frozenset({"commands"}),
    "filelock": frozenset({"store", "audiences.csv", "orchestration.instance"}),
    "rich": frozenset({"commands", "terminal", "orchestration.dev"}),
    "babel": frozenset({"mapping", "messages"}),
    "jinja2": frozenset({"messages", "defs_yaml"}),
    "smtplib": frozenset({"channels"}),
    "http_ece": frozenset({"channels"}),
    "email_validator": frozenset({"messages"}),
    "aiosmtpd": frozenset({"sandbox"}),
    "prometheus_client": frozenset({"server", "webhooks.meters", "counter.meters"}),
    "opentelemetry": frozenset({"tracing"}),
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(place: str) -> int:
    matches = [index for index, floor in enumerate(FLOORS) if place in floor]
    assert matches, f"{place!r} stands on no floor: say in test_floors.py where it belongs"
    return matches[0]


def within(name: str, homes: frozenset[str]) -> bool:
    """A home holds itself, what is inside it, and its private siblings (`destinations.sql` holds `_sql_tables`)."""
    return any(name == home or name.startswith(f"{home}.") or _sibling(name, home) for home in homes)


def _sibling(name: str, home: str) -> bool:
    folder, _, last = home.rpartition(".")
    return bool(folder) and name.startswith(f"{folder}._{last}")


@pytest.mark.parametrize(("name", "tree"), [pytest.param(*pair, id=pair[0] or "package") for pair in modules()])
def test_a_module_imports_from_lower_floors_only(name: str, tree: ast.Module) -> None:
    if not name:
        return
    place = name.split(".")[0]
    for imported in imports(tree):
        if not imported.startswith("ticket_pipeline."):
            continue
        other = imported.split(".")[1]
        if other != place and (ROOT / f"{other}.py").exists() | (ROOT / other).is_dir():
            assert floor_of(other) > floor_of(place), f"{name} reaches up to {imported}"


@pytest.mark.parametrize(("name", "tree"), [pytest.param(*pair, id=pair[0] or "package") for pair in modules()])
def test_each_library_stays_in_its_home(name: str, tree: ast.Module) -> None:
    for imported in imports(tree):
        library = imported.split(".")[0]
        if library in HOMES:
            assert within(name, HOMES[library]), f"{name} imports {library}, whose home is {sorted(HOMES[library])}"


def test_flows_know_no_concrete_kind() -> None:
    for name, tree in modules():
        if not name.startswith("flows"):
            continue
        for imported in imports(tree):
            _, _, rest = imported.partition("ticket_pipeline.")
            folder, _, module = rest.partition(".")
            if folder in {"destinations", "audiences", "channels"} and module:
                assert module.split(".")[0] == "base", f"{name} knows {imported}"


def test_the_sandbox_shares_nothing_with_the_client() -> None:
    for name, tree in modules():
        if name.startswith("sandbox"):
            for imported in imports(tree):
                inside = imported.removeprefix("ticket_pipeline.").split(".")[0]
                assert not imported.startswith("ticket_pipeline.") or inside in {"sandbox", "model", "errors"}, (
                    f"{name} shares {imported} with the client"
                )


def test_only_config_reads_the_environment() -> None:
    for name, tree in modules():
        reads = any(isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} for node in ast.walk(tree))
        assert not reads or name == "config", f"{name} reads the environment"


def test_no_file_grows_past_three_hundred_lines() -> None:
    long = {path.name: lines for path in ROOT.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 300}
    assert long == {}
