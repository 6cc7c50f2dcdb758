"""Publish: bring the difference, and nothing else, to the destination."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.plan import Step, hold, steps
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.model.change import Action, Change, Outcome
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.record import to_json
from ticket_pipeline.model.report import PublishReport
from ticket_pipeline.store import dead_letters, links
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState

log = logging.getLogger(__name__)

_FLOW = "publish"
_GONE = "not_found"
_BATCH = 500


@dataclass(kw_only=True)
class _Tally:
    made: Counter[Action] = field(default_factory=Counter)
    per_event: Counter[str] = field(default_factory=Counter)
    refused: list[Outcome] = field(default_factory=list)
    unchanged: int = 0


def publish(
    state: SiteState,
    destination: Destination,
    policy: Policy,
    event_ids: Sequence[str] | None = None,
    *,
    now: datetime,
    progress: Progress = unwatched,
) -> PublishReport:
    """Make the destination hold what it should for these events (None: for the whole site).

    An unchanged record costs no write. A refused one is buried and the rest goes on. A plan that takes away too much
    is held whole, for a person to approve.

    Raises:
        TransientError: the destination failed. What it confirmed is remembered; the same call may be made again,
            and creates whose fate is unknown are searched by their Wix id first.
        ConfigError: the destination refuses us altogether.
    """
    waiting = hold(state, destination, policy)
    if waiting is not None:
        log.warning("plan_held", extra={"site": state.site, "deletes": waiting.deletes, "of": waiting.of})
        return PublishReport(hold=waiting)
    tally = _Tally()
    for step in steps(state, destination, policy, event_ids):
        _remember_found(state, destination, step, now=now)
        vanished = _apply(state, destination, step.changes, tally, now=now)
        if vanished:
            _create_again(state, destination, vanished, tally, now=now)
        tally.unchanged += len(step.unchanged)
        progress("records", tally.unchanged + tally.made.total() + len(tally.refused), None)
    return _report(tally)


def _remember_found(state: SiteState, destination: Destination, step: Step, *, now: datetime) -> None:
    if not step.found:
        return
    with state.writing() as tx:
        links.adopt(
            tx,
            state.site,
            destination.identity,
            [held for _, held in step.found],
            event_ids={held.definition_id: event_id for event_id, held in step.found},
            at=now,
        )


def _apply(
    state: SiteState, destination: Destination, changes: Sequence[Change], tally: _Tally, *, now: datetime
) -> list[Change]:
    """Apply in batches; return the updates whose record turned out to be gone from the destination."""
    vanished: list[Change] = []
    for start in range(0, len(changes), _BATCH):
        batch = changes[start : start + _BATCH]
        with state.writing() as tx:
            creates = [change for change in batch if change.action is Action.CREATE]
            links.intend(tx, state.site, destination.identity, creates, at=now)
        outcomes: list[Outcome] = []
        try:
            for outcome in destination.apply(batch):
                outcomes.append(_settled(outcome))
        finally:
            vanished += _remember(state, destination, outcomes, tally, now=now)
    return vanished


def _settled(outcome: Outcome) -> Outcome:
    """Take a removal of what is already gone for done."""
    if outcome.code == _GONE and outcome.change.action in {Action.ARCHIVE, Action.DELETE}:
        return Outcome(change=outcome.change, external_id=outcome.change.external_id)
    return outcome


def _remember(
    state: SiteState, destination: Destination, outcomes: Sequence[Outcome], tally: _Tally, *, now: datetime
) -> list[Change]:
    """Write down, in one transaction, what was made and what was refused."""
    made = [outcome for outcome in outcomes if not outcome.refused]
    gone = [each.change for each in outcomes if each.code == _GONE and each.change.action is Action.UPDATE]
    refused = [outcome for outcome in outcomes if outcome.refused and outcome.change not in gone]
    with state.writing() as tx:
        links.made(tx, state.site, destination.identity, made, at=now)
        links.forget(tx, state.site, destination.identity, [change.definition_id for change in gone])
        dead_letters.bury(tx, state.site, flow=_FLOW, letters=[_letter(each) for each in refused], at=now)
        mended = [outcome.change.definition_id for outcome in made]
        dead_letters.resolve(tx, state.site, flow=_FLOW, subjects=mended, at=now)
    tally.made.update(outcome.change.action for outcome in made)
    tally.per_event.update(outcome.change.event_id for outcome in made)
    tally.refused += refused
    return gone


def _create_again(
    state: SiteState, destination: Destination, vanished: Sequence[Change], tally: _Tally, *, now: datetime
) -> None:
    creates = [replace(change, action=Action.CREATE, external_id=None) for change in vanished]
    _apply(state, destination, creates, tally, now=now)


def _letter(outcome: Outcome) -> DeadLetter:
    change = outcome.change
    fields = to_json(change.record.fields) if change.record else {}
    return DeadLetter(
        subject=change.definition_id,
        event_id=change.event_id,
        code=outcome.code or "refused",
        reason=outcome.reason or "refused without a reason",
        payload={"action": change.action.value, "external_id": change.external_id, "fields": fields},
    )


def _report(tally: _Tally) -> PublishReport:
    return PublishReport(
        created=tally.made[Action.CREATE],
        updated=tally.made[Action.UPDATE],
        archived=tally.made[Action.ARCHIVE],
        deleted=tally.made[Action.DELETE],
        unchanged=tally.unchanged,
        refused=tuple(tally.refused),
        per_event=dict(tally.per_event),
    )
