"""The figures of an announcement: from the ledger what was sent, from the run who was left out."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from ticket_pipeline.flows.read_audience import Listed
from ticket_pipeline.model.announcement import AnnounceReport, Outcome, PlannedStart, Skip
from ticket_pipeline.store import announcements, figures, receipts
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.receipts import State


@dataclass(frozen=True, kw_only=True)
class Audienced:
    """Whom a run found, and whom it left out."""

    listed: Listed = field(default_factory=Listed)
    #: Left out after the audience was read: right before sending.
    skipped: Counter[Skip] = field(default_factory=Counter)


NOBODY = Audienced()

#: Names of the figures: announcements by outcome, people by what became of them, and seconds to the first message.
OUTCOMES, RECIPIENTS, DELAY = "announcements", "announcement_recipients", "announcement_delay"


def make_report(
    tx: Transaction,
    site: str,
    planned: PlannedStart,
    outcome: Outcome,
    *,
    why: str = "",
    audience: Audienced = NOBODY,
) -> AnnounceReport:
    """Make the report: what was sent by all runs, who was left out by this one."""
    key = planned.key
    sent, unknown = Counter[str](), 0
    for (channel, state, _), count in receipts.figures(tx, site, key).items():
        sent[channel] += count if state is State.SENT else 0
        unknown += count if state in {State.UNKNOWN, State.CLAIMED} else 0
    row = announcements.get(tx, site, key)
    first = row.first_sent_at if row else None
    return AnnounceReport(
        outcome=outcome,
        event_id=key.event_id,
        sale_start=key.at,
        definition_ids=planned.definition_ids,
        why=why,
        eligible=audience.listed.eligible,
        sent=dict(+sent),
        skipped=skipped_by_reason(audience.listed.skipped + audience.skipped),
        left_out=audience.skipped.total() - audience.skipped[Skip.ALREADY_TOLD],
        failed=dict(receipts.failures(tx, site, key)),
        unknown=unknown,
        first_sent_after=(first - key.at).total_seconds() if first else None,
    )


def add_up(tx: Transaction, site: str, report: AnnounceReport, *, at: datetime) -> None:
    """Add a settled announcement to the figures, in the transaction that settles it."""
    people = {"told": report.told, "failed": sum(report.failed.values()), "unknown": report.unknown}
    people["skipped"] = sum(report.skipped.values())
    figures.add(tx, site, OUTCOMES, {report.outcome.value: 1}, at=at)
    figures.add(tx, site, RECIPIENTS, people, at=at)
    if report.first_sent_after is not None:
        figures.observe(tx, site, DELAY, [report.first_sent_after], at=at)


def skipped_by_reason(skipped: Counter[Skip]) -> dict[str, int]:
    """Give the counts by the reason's word, most first."""
    return {reason.value: count for reason, count in skipped.most_common() if count}
