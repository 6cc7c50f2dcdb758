"""Invariants of the inbox as checks: nothing waits for long, and nothing lies refused."""

from datetime import datetime, timedelta

import dagster as dg

from ticket_pipeline.orchestration import metadata
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.names import WEBHOOK_INBOX, Names
from ticket_pipeline.store import backlog, dead_letters
from ticket_pipeline.wiring import Site

#: A webhook that waits for longer is stuck.
PATIENCE = timedelta(minutes=5)
_WARN = dg.AssetCheckSeverity.WARN


def inbox_checks(parts: Parts) -> list[dg.AssetChecksDefinition]:
    """Make the checks of a site's inbox; runs and the sensor report them too, so that they are never old."""
    key = parts.names.key(WEBHOOK_INBOX)

    @dg.asset_check(
        asset=key,
        name="inbox_settled",
        description="No webhook waits for its effect for longer than five minutes. If some do, look at the newest "
        "runs of the follow job, and whether the daemon runs.",
    )
    def _inbox_settled() -> dg.AssetCheckResult:
        return inbox_settled(parts.site, at=now())

    @dg.asset_check(
        asset=key,
        name="dead_letters",
        description="Nothing of the site lies refused. `ticket-pipeline dead-letters` shows each with its reason, "
        "`ticket-pipeline replay` tries again.",
    )
    def _no_dead_letters() -> dg.AssetCheckResult:
        return no_dead_letters(parts.site)

    return [_inbox_settled, _no_dead_letters]


def evaluations(names: Names, site: Site, *, at: datetime) -> list[dg.AssetCheckEvaluation]:
    """Evaluate the checks where Dagster does not do it."""
    return [
        _evaluation(names, "inbox_settled", inbox_settled(site, at=at)),
        _evaluation(names, "dead_letters", no_dead_letters(site)),
    ]


def inbox_settled(site: Site, *, at: datetime) -> dg.AssetCheckResult:
    """Tell whether webhooks wait for too long."""
    with site.state.reading() as tx:
        waiting = backlog.look(tx, site.name)
    age = at - waiting.oldest_landed_at if waiting else timedelta()
    shown = {"waiting": waiting.count if waiting else 0, "oldest waits for seconds": round(age.total_seconds(), 1)}
    return dg.AssetCheckResult(passed=age <= PATIENCE, severity=_WARN, metadata=shown)


def no_dead_letters(site: Site) -> dg.AssetCheckResult:
    """Tell whether something lies refused, with the command that tries it again."""
    with site.state.reading() as tx:
        letters = dead_letters.open_letters(tx, site.name)
    rows: list[metadata.Row] = [
        {
            "number": each.id,
            "flow": each.flow,
            "code": each.code,
            "reason": each.reason,
            "subject": each.subject,
            "try again": f"ticket-pipeline replay {each.id} --site {site.name}",
        }
        for each in letters
    ]
    table = {"dead letters": metadata.table(rows)} if rows else {}
    return dg.AssetCheckResult(passed=not rows, severity=_WARN, metadata={"open dead letters": len(rows), **table})


def _evaluation(names: Names, check: str, result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=names.key(WEBHOOK_INBOX),
        check_name=check,
        passed=result.passed,
        severity=result.severity,
        metadata=result.metadata,
    )
