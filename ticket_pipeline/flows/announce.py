"""Announce: tell those who asked that the sale starts, once, on the second."""

import logging
import os
import socket
from datetime import timedelta
from uuid import uuid4

from ticket_pipeline.as_json import as_json
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.announce_report import NOBODY, Audienced, add_up, make_report
from ticket_pipeline.flows.hold_claim import LEASE, Holding, LostClaimError, deadline, let_go_if_it_fails
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.flows.read_audience import read_audience
from ticket_pipeline.flows.read_start_again import Withdrawn, read_start_again
from ticket_pipeline.flows.send_announcement import Sending
from ticket_pipeline.model.announcement import AnnounceReport, Outcome, PlannedStart
from ticket_pipeline.store import announcements, receipts
from ticket_pipeline.store.announcements import Claim, State
from ticket_pipeline.store.database import Transaction

log = logging.getLogger(__name__)

_STATES = {
    Outcome.ANNOUNCED: State.DONE,
    Outcome.WITHDRAWN: State.WITHDRAWN,
    Outcome.SKIPPED_LATE: State.SKIPPED_LATE,
}


def announce(
    parts: AnnounceParts, planned: PlannedStart, *, lease: timedelta = LEASE, progress: Progress = unwatched
) -> AnnounceReport:
    """Claim the sale start, hold until its very instant, read it again, and tell each who is eligible, once.

    Whoever calls first has the claim: the clock, a webhook, or who comes after a crash, and goes on with those not
    yet told. The audience is read before the instant, consent right before sending. A start that has moved is left
    alone: it is another start now. What is down is waited for, as long as people are not told too late. A message
    that was cut off, so that nobody knows whether it went out, is not sent again unless so declared. A power cut (no
    mere crash) may take back the last receipts.

    Raises:
        TransientError: Wix, the audience or every channel is down until it is too late, or the claim was lost. The
            same call may be made again.
        ConfigError: one of them refuses us altogether.
    """
    claim = Claim(site=parts.state.site, key=planned.key, by=f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex}")
    with parts.state.writing() as tx:
        mine = announcements.claim(tx, claim, planned.definition_ids, now=parts.clock(), lease=lease)
        if mine is None:
            return _elsewhere(tx, claim, planned)
        receipts.cut_off(tx, claim.site, claim.key, at=parts.clock())
        until = deadline(tx, parts, claim)
    holding = Holding(parts=parts, claim=claim, lease=lease, deadline=until)
    with let_go_if_it_fails(holding):
        if holding.now() > until:
            return _too_late(holding, planned)
        return _tell(holding, planned, progress)


def _tell(holding: Holding, planned: PlannedStart, progress: Progress) -> AnnounceReport:
    """Get ready, wait for the instant, see that it still stands, and send."""
    parts = holding.parts
    listed = holding.patiently("audience", lambda: read_audience(parts, planned, alive=holding.alive))
    log.info("announcement_ready", extra={**holding.fields, "eligible": listed.eligible})
    holding.until(planned.start.at)
    current = holding.patiently("wix", lambda: read_start_again(parts.state, parts.wix, planned, now=holding.now()))
    if isinstance(current, Withdrawn):
        return _settle(holding, planned, Outcome.WITHDRAWN, why=current.why)
    sending = Sending(parts=parts, holding=holding, planned=current, progress=progress)
    sending.tell(listed.ids)
    return _settle(holding, current, Outcome.ANNOUNCED, audience=Audienced(listed=listed, skipped=sending.skipped))


def _too_late(holding: Holding, planned: PlannedStart) -> AnnounceReport:
    """Write down that it is too late, for all or for those who are left."""
    limit = holding.parts.late_limit
    with holding.parts.state.reading() as tx:
        begun = bool(receipts.figures(tx, holding.claim.site, holding.claim.key))
    if begun:
        why = f"cut short: it was interrupted, and nobody went on with it within {limit}"
        return _settle(holding, planned, Outcome.ANNOUNCED, why=why)
    late = str(holding.now() - planned.start.at).partition(".")[0]
    return _settle(holding, planned, Outcome.SKIPPED_LATE, why=f"{late} after the start; late_limit is {limit}")


def _settle(
    holding: Holding, planned: PlannedStart, outcome: Outcome, *, why: str = "", audience: Audienced = NOBODY
) -> AnnounceReport:
    """Write down what became of it, with its figures."""
    claim = holding.claim
    with holding.parts.state.writing() as tx:
        report = make_report(tx, claim.site, planned, outcome, why=why, audience=audience)
        at = holding.now()
        if not announcements.settle(tx, claim, _STATES[outcome], why=why, report=as_json(report), at=at):
            raise LostClaimError("another process has taken this announcement over; it goes on there")
        add_up(tx, claim.site, report, at=at)
    log.info("announcement_settled", extra={**holding.fields, "outcome": outcome.value, "told": report.told})
    return report


def _elsewhere(tx: Transaction, claim: Claim, planned: PlannedStart) -> AnnounceReport:
    """Say why it is not for us."""
    row = announcements.get(tx, claim.site, claim.key)
    settled = row is not None and row.state in announcements.SETTLED
    why = f"settled already ({row.state.value})" if row and settled else "another process is at it"
    return make_report(tx, claim.site, planned, Outcome.ELSEWHERE, why=why)
