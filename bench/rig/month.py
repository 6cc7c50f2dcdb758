"""Time that goes by: two months of webhooks, and runs that grow old, cleared away as `retention` has it by default."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.rig.pipeline import SITE, declare, temporary_folder
from bench.rig.sandbox import sandbox
from ticket_pipeline import config
from ticket_pipeline.flows.retain import retain
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.orchestration.instance import initialised_instance
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.retention import ages_of, retain_site
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.store import inbox
from ticket_pipeline.store.inbox import State
from ticket_pipeline.wiring import Site, Wiring

_MONTH = 30
#: Bytes of a payload: what a created definition is, and more than an order that is cut to what a counter needs.
_PAYLOAD = 1500
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def a_month(webhooks: int, runs: int) -> dict[str, Any]:
    """Let so many webhooks land on each day of two months; sync so often, and come back when those runs are old."""
    with temporary_folder() as folder, sandbox(folder, events=max(runs, 2), definitions=10 * runs) as there:
        wiring = Wiring(config.load(str(declare(folder, there))))
        try:
            site = wiring.site(SITE)
            return {"webhooks": _webhooks(site, folder, webhooks), "runs": _runs(wiring, folder, runs)}
        finally:
            wiring.database.close()


def _webhooks(site: Site, folder: Path, of_a_day: int) -> dict[str, Any]:
    ages, kept = ages_of(site), list[tuple[int, float]]()
    for day in range(2 * _MONTH):
        at = _BEGIN + timedelta(days=day)
        with site.state.writing() as tx:
            inbox.land(tx, SITE, [_envelope(at) for _ in range(of_a_day)], at=at)
            inbox.finish(tx, SITE, [each.seq for each in inbox.waiting(tx, SITE, of_a_day)], State.DONE, at=at)
        retain(site.state, ages, now=at, sleep=lambda _: None)
        if (day + 1) % _MONTH == 0:
            with site.state.reading() as tx:
                kept.append((len(inbox.after(tx, SITE, 0, 10**9)), _megabytes(*folder.glob("state.db*"))))
    (rows, first), (rows_then, second) = kept
    return {
        "of_a_day": of_a_day,
        "rows_after_a_month": rows,
        "rows_after_two": rows_then,
        "state_mb_after_a_month": first,
        "state_mb_after_two": second,
        "share_kept_in_the_second_month": round(second / first, 2),
    }


def _runs(wiring: Wiring, folder: Path, count: int) -> dict[str, Any]:
    home, names = folder / "dagster-home", Names(SITE)
    home.mkdir()
    with initialised_instance(home) as instance:
        sync(wiring, SITE, instance=instance)
        before, runs_before = _megabytes(home), instance.get_runs_count()
        for event in instance.get_dynamic_partitions(names.partitions_name)[:count]:
            sync(wiring, SITE, event_id=event, instance=instance)
        grown, runs = _megabytes(home) - before, instance.get_runs_count() - runs_before
        report = retain_site(instance, names, wiring.site(SITE), at=datetime.now(UTC) + timedelta(days=2 * _MONTH))
        return {
            "runs": runs,
            "kb_of_a_run": round(1000 * grown / runs, 1),
            "removed": report.runs,
            "kept_for_a_last_word": report.runs_kept,
            "mb_before_they_grew_old": round(before + grown, 1),
            "mb_after": _megabytes(home),
        }


def _envelope(at: datetime) -> Envelope:
    return Envelope(
        key=secrets.token_hex(16),
        topic="wix.events.v3.ticket_definition_updated",
        instance_id=None,
        entity_id=secrets.token_hex(16),
        event_id=None,
        occurred_at=at,
        body={"text": secrets.token_hex(_PAYLOAD // 2)},
    )


def _megabytes(*places: Path) -> float:
    files = [each for place in places for each in [place, *place.rglob("*")] if each.is_file()]
    return round(sum(each.stat().st_size for each in files) / 1e6, 1)
