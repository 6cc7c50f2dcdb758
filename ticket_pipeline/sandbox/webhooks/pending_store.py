"""Deliveries and subscriptions in the sandbox's database, so that a restart loses none."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ticket_pipeline.sandbox.webhooks.outbox import Delivery
from ticket_pipeline.sandbox.webhooks.webhook import Webhook

TABLES = """
CREATE TABLE IF NOT EXISTS webhook_delivery (number INTEGER PRIMARY KEY, due REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_subscription (url TEXT PRIMARY KEY);
"""


class PendingStore:
    """Rows that come and go with the outbox's. The post office guards it; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(TABLES)
        self._kept = path is not None

    def save(self, delivery: Delivery, due: float) -> None:
        """Write a delivery, or its new state."""
        if self._kept:
            row = (delivery.number, due, json.dumps(asdict(delivery)))
            self._connection.execute("REPLACE INTO webhook_delivery VALUES (?, ?, ?)", row)

    def remove(self, delivery: Delivery) -> None:
        """Forget a delivery."""
        if self._kept:
            self._connection.execute("DELETE FROM webhook_delivery WHERE number = ?", (delivery.number,))

    def clear(self) -> None:
        """Forget all deliveries."""
        self._connection.execute("DELETE FROM webhook_delivery")

    def deliveries(self) -> list[tuple[Delivery, float]]:
        """Read the deliveries that are still to be made, and when each is due."""
        rows = self._connection.execute("SELECT due, body FROM webhook_delivery ORDER BY due, number")
        return [(_thawed(json.loads(body)), due) for due, body in rows]

    def subscribe(self, url: str) -> None:
        """Keep a subscription."""
        self._connection.execute("INSERT OR IGNORE INTO webhook_subscription VALUES (?)", (url,))

    def unsubscribe(self, url: str) -> None:
        """Forget a subscription."""
        self._connection.execute("DELETE FROM webhook_subscription WHERE url = ?", (url,))

    def urls(self) -> list[str]:
        """Read the subscriptions, the oldest first."""
        return [url for (url,) in self._connection.execute("SELECT url FROM webhook_subscription ORDER BY rowid")]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _thawed(body: dict[str, Any]) -> Delivery:
    return Delivery(**{**body, "webhook": Webhook(**body["webhook"])})
