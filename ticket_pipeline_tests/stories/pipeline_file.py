"""A pipeline.yaml for the sandbox's app, and a look into the ticketing database it fills."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from ticket_pipeline.sandbox import (
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_WEBHOOK_PUBLIC_KEY,
)

SITE = "box_office"
Row = dict[str, Any]


def declare(folder: Path, base_url: str) -> Path:
    """Write a pipeline of one site whose state and ticketing database lie in the folder; nothing of it is held."""
    app = {"app_id": SANDBOX_APP_ID, "app_secret": SANDBOX_APP_SECRET, "instance_id": SANDBOX_INSTANCE_ID}
    wix = {
        "base_url": base_url,
        "auth": {"kind": "app", **app},
        "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY,
        "requests_per_minute": 100_000,
    }
    destination = {"kind": "sql", "url": f"sqlite:///{folder}/ticketing.db", "table": "tickets"}
    site = {"wix": wix, "sync": {"destination": destination, "max_delete_fraction": 1}}
    declared = folder / "pipeline.yaml"
    declared.write_text(yaml.safe_dump({"state": f"sqlite:///{folder}/state.db", "sites": {SITE: site}}))
    return declared


def rows(folder: Path, query: str) -> list[Row]:
    """Ask the ticketing database."""
    with closing(sqlite3.connect(folder / "ticketing.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def on_sale(folder: Path) -> list[Row]:
    """Read the tickets that are not archived, with their prices but without the number the database gave them."""
    prices: dict[str, list[Row]] = {}
    for price in rows(folder, "select * from tickets_prices order by wix_ticket_definition_id, position"):
        prices.setdefault(price["wix_ticket_definition_id"], []).append(price)
    found = rows(folder, "select * from tickets where not archived order by wix_ticket_definition_id")
    return [{**row, "id": None, "prices": prices.get(row["wix_ticket_definition_id"])} for row in found]
