"""Dagster with its defaults and the counter of `bench.rig.stock_counter`, in a folder that goes away."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.rig.children import running
from bench.rig.sandbox import free_port
from bench.rig.stock_counter import FOLDER, INBOX, SHOWN, WIX
from bench.rig.ticket_sales import Sold

#: Seconds for a number to be shown; the first waits for Dagster's start, too.
_PATIENCE = 180.0


@dataclass
class StockDagster:
    """Where webhooks land, and numbers are shown."""

    folder: Path

    def __post_init__(self) -> None:
        self._names = count()

    def show(self, sold: Sold) -> float:
        """Land the webhook of a sale; give the seconds until its number is shown."""
        landed, shown = time.monotonic(), self.folder / SHOWN / sold.definition_id
        (self.folder / INBOX / f"{next(self._names):06}").write_text(sold.definition_id, encoding="utf-8")
        while time.monotonic() - landed < _PATIENCE:
            if shown.exists() and int(shown.read_text(encoding="utf-8")) <= sold.left:
                return time.monotonic() - landed
            time.sleep(0.01)
        log = (self.folder / "dagster.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"stock Dagster did not show the number within {_PATIENCE:.0f} s:\n{log[-2000:]}")


@contextmanager
def stock_dagster(folder: Path, wix_url: str) -> Iterator[StockDagster]:
    """Run `dagster dev` for the block; it may not be up yet."""
    for name in (INBOX, SHOWN, "home"):
        (folder / name).mkdir(parents=True)
    environment = {FOLDER: str(folder), WIX: wix_url, "DAGSTER_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "dagster", "dev", "-m", "bench.rig.stock_counter", "-h", "127.0.0.1"]
    with running([*command, "-p", str(free_port())], log=folder / "dagster.log", environment=environment):
        yield StockDagster(folder)
