"""Invariants of the counters as checks: they are fresh, and what they show is what Wix says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import dagster as dg

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.flows.count import count
from ticket_pipeline.flows.shown import shown
from ticket_pipeline.model.counting import Cause, Why
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.orchestration import metadata
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.names import TICKET_COUNTERS, Names
from ticket_pipeline.store import tallies
from ticket_pipeline.wiring import Site

FRESH, TRUE = "counters_fresh", "shown_equals_fresh_read"
#: How many counters are read to compare: one request.
SAMPLE = 100
#: Wix is eventually consistent: two reads so close together may differ.
GRACE = timedelta(seconds=10)
_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def counter_checks(parts: Parts) -> list[dg.AssetChecksDefinition]:
    """Make the checks of a site's counters, if it declares any; sensor and nightly reconcile report them too."""
    if parts.settings.counters is None:
        return []
    key = parts.names.key(TICKET_COUNTERS)

    @dg.asset_check(
        asset=key,
        name=FRESH,
        description="Every counter whose number may move was read within `freshness_limit`; an older one is not shown "
        "any more. If some are not, see whether `ticket-pipeline serve` runs and reaches Wix.",
    )
    def _fresh() -> dg.AssetCheckResult:
        return freshness(parts.site, at=now())

    @dg.asset_check(
        asset=key,
        name=TRUE,
        description=f"What counters show is what Wix says now: up to {SAMPLE} of them, picked at random, are read "
        "again with one request, and so mended. A difference that the next sweep would have found is a warning; "
        "one that it has not found is an error.",
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def _true() -> dg.AssetCheckResult:
        with explained(parts.watch):
            return truth(parts.site, at=now())

    return [_fresh, _true]


def evaluations(names: Names, site: Site, *, at: datetime) -> list[dg.AssetCheckEvaluation]:
    """Evaluate the checks where Dagster does not do it."""
    return [evaluation(names, FRESH, freshness(site, at=at)), evaluation(names, TRUE, truth(site, at=at))]


def evaluation(names: Names, check: str, result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """Tell of a check's result where it is no check's own run."""
    return dg.AssetCheckEvaluation(
        asset_key=names.key(TICKET_COUNTERS),
        check_name=check,
        passed=result.passed,
        severity=result.severity,
        metadata=result.metadata,
    )


def freshness(site: Site, *, at: datetime) -> dg.AssetCheckResult:
    """Tell whether every counter whose number may move was read lately."""
    held, never = _moving(site)
    limit = site.counters.freshness_limit
    old = sorted((each for each in held if at - each.read_at > limit), key=lambda each: each.read_at)
    rows: list[metadata.Row] = [
        {"definition": each.definition_id, "seconds since read": _age(each, at)} for each in old
    ]
    rows += [{"definition": each, "seconds since read": None} for each in never]
    seen: metadata.Metadata = {
        "counters": len(held) + len(never),
        "too old": len(old),
        "never read": len(never),
        "oldest read, seconds ago": max((_age(each, at) for each in held), default=0.0),
        "limit, seconds": limit.total_seconds(),
        **({"not fresh": metadata.table(rows)} if rows else {}),
    }
    return dg.AssetCheckResult(passed=not rows, severity=_WARN, metadata=seen)


def truth(site: Site, *, at: datetime) -> dg.AssetCheckResult:
    """Read a sample of the counters again, and tell which showed something else than Wix says.

    Raises:
        TransientError, ConfigError: Wix could not be read.
    """
    held = {each.definition_id: each for each in _sample(_moving(site)[0], at)}
    wanted = {each: Cause(why=Why.CHECK, at=at) for each in held}
    try:
        report = count(site.state, site.wix, site.counters.rules, wanted, clock=now)
    except RejectedError as error:
        return dg.AssetCheckResult(passed=False, severity=_ERROR, metadata={"compared": 0, "refused": str(error)})
    after = {each.definition_id: each for each in report.kept}
    wrong = [
        (held[each], after[each])
        for each in report.changed
        if each in held and after[each].read_at - held[each].read_at > GRACE
    ]
    swept = site.counters.sweep_every * 2 + GRACE
    missed = [before for before, fresh in wrong if fresh.read_at - before.read_at > swept]
    rows: list[metadata.Row] = [_difference(before, fresh) for before, fresh in wrong]
    seen: metadata.Metadata = {
        "compared": len(held) - len(report.refused),
        "different": len(wrong),
        "requests": report.requests,
        **({"what differs": metadata.table(rows)} if rows else {}),
        **metadata.refused(report.refused),
    }
    return dg.AssetCheckResult(
        passed=not wrong and not report.refused, severity=_ERROR if missed else _WARN, metadata=seen
    )


def _moving(site: Site) -> tuple[list[Tally], list[str]]:
    """Give the counters whose number may move, and the ids of those that were never read."""
    moving = sorted(shown(site.state, site.counters.rules).moving)
    with site.state.reading() as tx:
        held = tallies.some(tx, site.name, moving)
    return [held[each] for each in moving if each in held and not held[each].gone], [
        each for each in moving if each not in held
    ]


def _sample(held: Sequence[Tally], at: datetime) -> Sequence[Tally]:
    """Pick others each time, and the same ones for the same time."""
    if len(held) <= SAMPLE:
        return held
    return Random(at.isoformat()).sample(held, SAMPLE)  # noqa: S311 - nothing secret hangs on it


def _difference(before: Tally, fresh: Tally) -> metadata.Row:
    old, new = before.shown(), fresh.shown()
    fields = [name for name in new if new[name] != old.get(name)]
    return {
        "definition": fresh.definition_id,
        "showed": "; ".join(f"{name} {old.get(name)}" for name in fields),
        "is": "; ".join(f"{name} {new[name]}" for name in fields),
        "shown for seconds": round((fresh.read_at - before.read_at).total_seconds(), 1),
    }


def _age(tally: Tally, at: datetime) -> float:
    return round((at - tally.read_at).total_seconds(), 1)
