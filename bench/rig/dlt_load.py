"""dlt's initial load as a process: `python -m bench.rig.dlt_load <base url> <folder> <variant>`.

Written as a dlt user who knows the tool would: its declarative `rest_api` source, cursors in the JSON body, both
resources extracted at once, nested values kept as JSON instead of child tables where the variant says so, no telemetry.
https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bench.rig.memory import peak_rss_mb

_DEFINITIONS = "/events/v3/ticket-definitions/query"
_EVENTS = "/events/v3/events/query"
_SORT = [{"fieldName": "createdDate", "order": "ASC"}]
_HEADERS = {"Authorization": "sandbox-api-key", "wix-site-id": "5a4db0c5-0001-4000-8000-000000000001"}


def main(base_url: str, folder: Path, variant: str) -> None:
    """Load everything into dlt's destination, and say how long it took once all was imported."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    # Loaded by name: dlt is there only where the bench runs, and foreign to the type checker.
    dlt: Any = importlib.import_module("dlt")
    rest_api: Any = importlib.import_module("dlt.sources.rest_api")
    started = time.perf_counter()
    source = rest_api.rest_api_source(_config(base_url), parallelized=True)
    if not variant.endswith("_nested"):
        source.max_table_nesting = 0
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=str(folder / "dlt"), destination=_destination(dlt, folder, variant), dataset_name="wix"
    )
    pipeline.run(source)
    own = time.perf_counter() - started
    counts = pipeline.last_trace.last_normalize_info.row_counts
    figures = {
        "own_seconds": round(own, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "peak_rss_mb": peak_rss_mb(),
        "events": counts["events"],
        "definitions": counts["ticket_definitions"],
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _destination(dlt: Any, folder: Path, variant: str) -> Any:
    if variant.startswith("duckdb"):
        return dlt.destinations.duckdb(str(folder / "dlt.duckdb"))
    return dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}")


def _config(base_url: str) -> dict[str, Any]:
    return {
        "client": {"base_url": base_url, "headers": _HEADERS},
        "resource_defaults": {"primary_key": "id", "write_disposition": "replace"},
        "resources": [_events(), _definitions()],
    }


def _events() -> dict[str, Any]:
    query = {"sort": _SORT, "paging": {"limit": 1000, "offset": 0}}
    return {
        "name": "events",
        "endpoint": {
            "path": _EVENTS,
            "method": "POST",
            "json": {"query": query, "fields": ["REGISTRATION", "URLS"], "includeDrafts": True},
            "data_selector": "events",
            "paginator": {
                "type": "offset",
                "limit": 1000,
                "offset_body_path": "query.paging.offset",
                "limit_body_path": "query.paging.limit",
                "total_path": "pagingMetadata.total",
            },
        },
    }


def _definitions() -> dict[str, Any]:
    return {
        "name": "ticket_definitions",
        "endpoint": {
            "path": _DEFINITIONS,
            "method": "POST",
            "json": {"query": {"sort": _SORT, "cursorPaging": {"limit": 100}}, "fields": ["SALES_DETAILS"]},
            "data_selector": "ticketDefinitions",
            "paginator": {
                "type": "cursor",
                "cursor_path": "metadata.cursors.next",
                "cursor_body_path": "query.cursorPaging.cursor",
            },
        },
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
