"""Invariants of the announcements as checks: everyone eligible was told once, and nobody before the time."""

from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from ticket_pipeline.flows.announcement_calendar import LOOK_BACK
from ticket_pipeline.orchestration import metadata
from ticket_pipeline.orchestration.announcement_rows import instant
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.names import SALE_START_ANNOUNCEMENTS, Names
from ticket_pipeline.store import announcements, audit, receipts
from ticket_pipeline.store.announcements import Announcement, State
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.wiring import Site

ONCE, IN_TIME = "everyone_told_once", "nobody_told_early"
_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def announcement_checks(parts: Parts) -> list[dg.AssetChecksDefinition]:
    """Make the checks of a site's announcements, if it declares any; the job reports them too."""
    if parts.settings.announcements is None:
        return []
    key = parts.names.key(SALE_START_ANNOUNCEMENTS)

    @dg.asset_check(
        asset=key,
        name=ONCE,
        description=f"Of each sale start of the last {LOOK_BACK.days} days: whoever was eligible was told, refused the "
        "message, or was left out for a reason, and nobody was told twice. An error where the ledger does not add up; "
        "a warning where nobody could be told in time, or an announcement lies interrupted.",
    )
    def _once() -> dg.AssetCheckResult:
        return told_once(parts.site, at=parts.site.clock())

    @dg.asset_check(
        asset=key,
        name=IN_TIME,
        description=f"No message of the last {LOOK_BACK.days} days was sent before its sale started.",
    )
    def _in_time() -> dg.AssetCheckResult:
        return told_in_time(parts.site, at=parts.site.clock())

    return [_once, _in_time]


def evaluations(names: Names, site: Site, *, at: datetime) -> list[dg.AssetCheckEvaluation]:
    """Evaluate the checks where Dagster does not do it."""
    return [
        dg.AssetCheckEvaluation(
            asset_key=names.key(SALE_START_ANNOUNCEMENTS),
            check_name=name,
            passed=result.passed,
            severity=result.severity,
            metadata=result.metadata,
        )
        for name, result in ((ONCE, told_once(site, at=at)), (IN_TIME, told_in_time(site, at=at)))
    ]


def told_once(site: Site, *, at: datetime) -> dg.AssetCheckResult:
    """Tell whether the ledger adds up: nobody is missing, and nobody was told twice."""
    since = at - LOOK_BACK
    with site.state.reading() as tx:
        rows = announcements.listed(tx, site.name, since=since)
        books = [_book(tx, site.name, each) for each in rows if each.state is State.DONE]
        twice = audit.told_twice(tx, site.name, since=since)
    wrong = [_row(each.row, f"{each.missing} neither told nor left out for a reason") for each in books if each.missing]
    wrong += [
        {"event": key.event_id, "sale start": instant(key.at), "what": f"{people} told twice"}
        for key, people in twice.items()
    ]
    unfinished = [_row(each, why) for each in rows if (why := _unfinished(each, at))]
    seen: metadata.Metadata = {
        "announcements": len(books),
        "eligible": sum(each.eligible for each in books),
        "told": sum(each.told for each in books),
        "failed": sum(each.failed for each in books),
        "unknown": sum(each.unknown for each in books),
        "left out right before": sum(each.left_out for each in books),
        "told twice": sum(twice.values()),
        "missing": sum(each.missing for each in books),
        **_tabled("what is wrong", wrong),
        **_tabled("not announced to the end", unfinished),
    }
    severity = _ERROR if wrong else _WARN
    return dg.AssetCheckResult(passed=not wrong and not unfinished, severity=severity, metadata=seen)


def told_in_time(site: Site, *, at: datetime) -> dg.AssetCheckResult:
    """Tell whether nobody was told before the time."""
    since = at - LOOK_BACK
    with site.state.reading() as tx:
        rows = announcements.listed(tx, site.name, since=since)
        early = audit.told_early(tx, site.name, since=since)
    sent = [each for each in rows if each.first_sent_at is not None]
    after = [(each.first_sent_at - each.key.at).total_seconds() for each in sent if each.first_sent_at]
    too_soon = sorted({*early, *(each.key for each, seconds in zip(sent, after, strict=True) if seconds < 0)})
    wrong: list[metadata.Row] = [
        {"event": key.event_id, "sale start": instant(key.at), "messages": early.get(key, 0)} for key in too_soon
    ]
    seen: metadata.Metadata = {
        "announcements": len(sent),
        "told early": sum(early.values()),
        **({"soonest, seconds after the start": min(after), "latest": max(after)} if after else {}),
        **_tabled("sale starts told of early", wrong),
    }
    return dg.AssetCheckResult(passed=not wrong, severity=_ERROR, metadata=seen)


@dataclass(frozen=True, kw_only=True)
class _Book:
    """The figures of one announcement that is done: what its run found, and what its receipts say now."""

    row: Announcement
    eligible: int
    left_out: int
    told: int
    failed: int
    unknown: int

    @property
    def missing(self) -> int:
        """How many of the eligible nothing is known of; people who left since they were told are no minus."""
        return max(0, self.eligible - self.told - self.failed - self.unknown - self.left_out)


def _book(tx: Transaction, site: str, row: Announcement) -> _Book:
    report, states = row.report or {}, _states(tx, site, row)
    return _Book(
        row=row,
        eligible=int(report.get("eligible", 0)),
        left_out=int(report.get("left_out", 0)),
        told=sum(count for state, count in states if state is receipts.State.SENT),
        failed=receipts.failures(tx, site, row.key).total(),
        unknown=sum(count for state, count in states if state in {receipts.State.UNKNOWN, receipts.State.CLAIMED}),
    )


def _states(tx: Transaction, site: str, row: Announcement) -> list[tuple[receipts.State, int]]:
    return [(state, count) for (_, state, _), count in receipts.figures(tx, site, row.key).items()]


def _unfinished(row: Announcement, at: datetime) -> str:
    """Say why not all were told, where that is so."""
    if row.state is State.OPEN:
        alive = row.claimed_until is not None and row.claimed_until > at
        return "" if alive or row.key.at > at else "interrupted; the next run goes on with it"
    return row.why if row.state in {State.DONE, State.SKIPPED_LATE} else ""


def _row(row: Announcement, what: str) -> metadata.Row:
    return {"event": row.key.event_id, "sale start": instant(row.key.at), "what": what}


def _tabled(title: str, rows: list[metadata.Row]) -> metadata.Metadata:
    return {title: metadata.table(rows)} if rows else {}
