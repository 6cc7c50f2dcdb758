"""The invariants of one site as asset checks: read-only, over the run's events, or over the site when run alone.

A check of the destination reads it as it is now, so that an edit by hand is seen whoever made it.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from ticket_pipeline.flows.drift import find_drift
from ticket_pipeline.flows.inspect_links import pair_up
from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.flows.plan import plan
from ticket_pipeline.model.report import Drift, Plan
from ticket_pipeline.orchestration import metadata
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.names import EXTERNAL_RECORDS, TICKET_DEFINITIONS, TICKET_SYNC, Names
from ticket_pipeline.store import dead_letters, definitions
from ticket_pipeline.wiring import Site

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def site_checks(parts: Parts) -> list[dg.AssetChecksDefinition]:
    """Make the checks of one site; nothing is opened."""
    of_sync = [_no_refusals, _one_to_one, _destination_equals_plan] if parts.settings.sync else []
    return [_load_complete(parts), *(make(parts) for make in of_sync)]


def _load_complete(parts: Parts) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        **_on(parts, TICKET_DEFINITIONS),
        description="Each live event that sells tickets has had its ticket definitions read to the last page. "
        "Fails while an initial load is under way.",
    )
    def load_complete() -> dg.AssetCheckResult:
        return _loads(parts.site)

    return load_complete


def _no_refusals(parts: Parts) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        **_on(parts, EXTERNAL_RECORDS),
        description="No ticket definition of these events lies as a dead letter; `ticket-pipeline dead-letters` shows "
        "each with its reason, `ticket-pipeline replay` tries again.",
    )
    def no_refusals(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return _letters(parts.site, _scope(context))

    return no_refusals


def _one_to_one(parts: Parts) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        **_on(parts, TICKET_SYNC),
        description="Each linked ticket definition has exactly one record at the destination, no Wix id is carried by "
        "two records, and no record is linked to two definitions.",
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def one_to_one(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        with explained(parts.watch):
            return _pairs(parts.site, _scope(context))

    return one_to_one


def _destination_equals_plan(parts: Parts) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        **_on(parts, TICKET_SYNC),
        description="The destination holds what we last wrote (nobody edited, deleted or added a record with a Wix id) "
        "and nothing is left to write. `ticket-pipeline reconcile` brings it back.",
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def destination_equals_plan(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        with explained(parts.watch):
            return _drift(parts.site, _scope(context))

    return destination_equals_plan


def evaluations(names: Names, site: Site, event_ids: Sequence[str]) -> list[dg.AssetCheckEvaluation]:
    """Evaluate the checks for these events where Dagster does not do it: in a run that is no run of the assets."""
    results = [(TICKET_DEFINITIONS, "load_complete", _loads(site))]
    if site.sync_parts:
        results += [
            (EXTERNAL_RECORDS, "no_refusals", _letters(site, event_ids)),
            (TICKET_SYNC, "one_to_one", _pairs(site, event_ids)),
            (TICKET_SYNC, "destination_equals_plan", _drift(site, event_ids)),
        ]
    return [
        dg.AssetCheckEvaluation(
            asset_key=names.key(asset),
            check_name=name,
            passed=result.passed,
            severity=result.severity,
            metadata=result.metadata,
        )
        for asset, name, result in results
    ]


def _loads(site: Site) -> dg.AssetCheckResult:
    work = look_for_work(site.state, site.sync_parts)
    with site.state.reading() as tx:
        held = definitions.counts(tx, site.name)
    missing: list[metadata.Row] = [{"event": each} for each in work.unloaded]
    shown = {"live events": len(work.live), "never loaded": len(missing), "live definitions": held.live}
    return _result(not missing, _WARN, shown, {"events without a complete load": missing})


def _letters(site: Site, scope: Sequence[str] | None) -> dg.AssetCheckResult:
    with site.state.reading() as tx:
        letters = dead_letters.open_letters(tx, site.name)
    rows: list[metadata.Row] = [
        {"flow": each.flow, "code": each.code, "reason": each.reason, "subject": each.subject}
        for each in letters
        if scope is None or each.event_id in scope
    ]
    return _result(not rows, _WARN, {"open dead letters": len(rows)}, {"dead letters": rows})


def _pairs(site: Site, scope: Sequence[str] | None) -> dg.AssetCheckResult:
    pairs = pair_up(site.state, site.destination, scope)
    missing: list[metadata.Row] = [{"definition": each} for each in pairs.missing]
    several: list[metadata.Row] = [{"id": each, "held by": ", ".join(by)} for each, by in pairs.twins.items()]
    several += [{"id": each, "held by": ", ".join(by)} for each, by in pairs.shared.items()]
    tables = {"links without a record": missing, "held more than once": several}
    return _result(pairs.one_to_one, _ERROR, {"links": pairs.linked}, tables)


def _drift(site: Site, scope: Sequence[str] | None) -> dg.AssetCheckResult:
    drift = find_drift(site.state, site.destination, scope)
    left = plan(site.state, site.destination, site.policy, scope)
    rows = _differences(drift, left)
    shown = {"records compared": drift.compared, "differences": drift.differences, "to write": len(left.changes)}
    return _result(not rows, _WARN, shown, {"what differs": rows})


def _differences(drift: Drift, left: Plan) -> list[metadata.Row]:
    edited = [(each.definition_id, "edited: " + ", ".join(it.field for it in each.fields)) for each in drift.edited]
    found = [
        *((each, "missing") for each in drift.missing),
        *edited,
        *((each, "unknown to us") for each in drift.strangers),
        *((each.definition_id, f"to {each.action.value}") for each in left.changes),
    ]
    return [{"definition": definition, "how": how} for definition, how in found]


def _on(parts: Parts, asset: str) -> dict[str, Any]:
    return {"asset": parts.names.key(asset)}


def _scope(context: dg.AssetCheckExecutionContext) -> Sequence[str] | None:
    """Give the events of the run, or None, the whole site, when the check runs by itself."""
    inner = context.op_execution_context
    return list(inner.partition_keys) if inner.has_partition_key or inner.has_partition_key_range else None


def _result(
    passed: bool,
    severity: dg.AssetCheckSeverity,
    shown: dict[str, int],
    tables: dict[str, list[metadata.Row]],
) -> dg.AssetCheckResult:
    filled = {title: metadata.table(rows) for title, rows in tables.items() if rows}
    return dg.AssetCheckResult(passed=passed, severity=severity, metadata={**shown, **filled})
