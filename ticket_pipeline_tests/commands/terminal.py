"""A person at a terminal, in a folder of their own, whose Wix is the sandbox."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ticket_pipeline.cli import main
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline_tests.sandbox.api import Api

PIPELINE = """
state: sqlite:///state.db
sites:
  box_office:
    wix:
      base_url: {base_url}
      auth: {{kind: api_key, api_key: {key}, site_id: {site}}}
      requests_per_minute: 100000
"""
SYNC = """
    sync:
      destination: {kind: sql, url: "sqlite:///ticketing.db", table: tickets}
      mapping:
        title: name
        price: {from: price.value, as: decimal}
        code: "WIX-{id}"
"""
COUNTERS = """
    counters: {definitions: all}
"""


@dataclass(frozen=True)
class Person:
    """Somebody who types commands."""

    folder: Path
    api: Api

    def declare(self, *, key: str = SANDBOX_API_KEY, doing: str = SYNC, **replaced: str) -> None:
        """Write a pipeline.yaml."""
        text = PIPELINE.format(base_url=self.api.base_url, key=key, site=SANDBOX_SITE_ID).rstrip() + doing
        for old, new in replaced.items():
            text = text.replace(old, new)
        (self.folder / "pipeline.yaml").write_text(text, encoding="utf-8")

    def types(self, *words: str, exits: int = 0) -> Result:
        """Type a command."""
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == exits, result.output
        return result

    def reads(self, *words: str, exits: int = 0) -> Any:
        """Type a command and read its JSON."""
        return json.loads(self.types(*words, "--json", exits=exits).stdout)

    def rows(self, query: str = "SELECT * FROM tickets") -> list[dict[str, Any]]:
        """Look into the ticketing database."""
        with sqlite3.connect(self.folder / "ticketing.db") as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute(query)]
        connection.close()
        return found

    def wix_ids(self) -> set[str]:
        """Tell which definitions Wix has, drafts left out."""
        query = {"query": {"paging": {"limit": 1000}}}
        shown = {each["id"] for each in self.api.ask("POST", "/events/v3/events/query", query)["events"]}
        return {each["id"] for each in self.api.all() if each["eventId"] in shown}
