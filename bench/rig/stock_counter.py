"""A counter as Dagster's tutorial would have it: a sensor that looks every 5 s, and a run for each webhook.

A code location of its own, run with Dagster's defaults. A webhook is a file in `inbox`; the run reads the definition
and writes its number to `shown`, where a page would find it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import requests

from ticket_pipeline.sandbox.remote import DEFINITIONS, KEY

FOLDER, WIX = "STOCK_COUNTER_FOLDER", "STOCK_COUNTER_WIX"
INBOX, SHOWN = "inbox", "shown"


class Wanted(dg.Config):
    """Which definition is read again."""

    definition_id: str


@dg.asset
def shown_number(config: Wanted) -> None:
    """Read the number and show it."""
    url = f"{os.environ[WIX]}{DEFINITIONS}/{config.definition_id}?fields=SALES_DETAILS"
    answer = requests.get(url, headers=KEY, timeout=10)
    answer.raise_for_status()
    number = answer.json()["ticketDefinition"]["salesDetails"]["unsoldCount"]
    path = _folder(SHOWN) / config.definition_id
    path.with_suffix(".new").write_text(str(number), encoding="utf-8")
    path.with_suffix(".new").replace(path)


@dg.sensor(target=shown_number, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def webhooks(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
    """Ask for a run for each webhook that landed."""
    seen = context.cursor or ""
    for file in sorted(each for each in _folder(INBOX).iterdir() if each.name > seen):
        ops = {"shown_number": Wanted(definition_id=file.read_text(encoding="utf-8"))}
        yield dg.RunRequest(run_key=file.name, run_config=dg.RunConfig(ops=ops))
        context.update_cursor(file.name)


def _folder(name: str) -> Path:
    return Path(os.environ[FOLDER]) / name


definitions = dg.Definitions(assets=[shown_number], sensors=[webhooks])
