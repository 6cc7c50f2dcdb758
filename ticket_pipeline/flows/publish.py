"""Publish: bring the difference, and nothing else, to the destination."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.approve import lapse
from ticket_pipeline.flows.plan import Step, in_question, judge, step
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.model.change import Action, Change, Outcome
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.record import to_json
from ticket_pipeline.model.report import Hold, PublishReport, Refusal
from ticket_pipeline.store import dead_letters, links, statistics
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.links import Clash
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.store.turns import Turn, turn
from ticket_pipeline.tracing import span

log = logging.getLogger(__name__)

FLOW = "publish"
_GONE = "not_found"
_BATCH = 500


@recorded(FLOW)
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
    is held whole, for a person to approve; what dies while we are at it is left to the next plan.

    Raises:
        TransientError: the destination failed, or another process has been publishing these events for minutes. What
            was confirmed is remembered; the same call may be made again, and creates whose fate is unknown are
            searched by their Wix id first.
        ConfigError: the destination refuses us altogether.
    """
    judged = judge(state, destination, policy)
    if isinstance(judged, Hold):
        log.warning("plan_held", extra={"site": state.site, "deletes": judged.deletes, "of": judged.of})
        return PublishReport(hold=judged)
    publishing = _Publishing(state=state, destination=destination, now=now)
    for some in in_question(state, destination, event_ids):
        # One at a time: what an older plan writes after a newer one would stay there unseen.
        with turn(state, FLOW, some) as still_ours:
            publishing.bring(step(state, destination, policy, some, may_go=judged), still_ours)
        progress("records", publishing.seen, None)
    with state.writing() as tx:
        lapse(tx, state.site, destination.identity)
        dead_letters.resolve_moot(tx, state.site, destination.identity, at=now)
    return publishing.report()


@dataclass(kw_only=True)
class _Publishing:
    """One publish under way: where it writes, and what came of it so far."""

    state: SiteState
    destination: Destination
    now: datetime
    made: Counter[Action] = field(default_factory=Counter)
    per_event: Counter[str] = field(default_factory=Counter)
    letters: list[DeadLetter] = field(default_factory=list)
    unchanged: int = 0

    @property
    def seen(self) -> int:
        return self.unchanged + self.made.total() + len(self.letters)

    def bring(self, step: Step, still_ours: Turn) -> None:
        """Do one step of the plan, while the turn is ours; what turns out to be gone over there is made again."""
        self.remember_found(step)
        vanished = self.apply(step.changes, still_ours)
        self.apply([replace(change, action=Action.CREATE, external_id=None) for change in vanished], still_ours)
        self.unchanged += step.unchanged

    def remember_found(self, step: Step) -> None:
        """Link what exists over there already, and bring up the links that only our own memory has wrong."""
        if not (step.found or step.settled or step.never_made):
            return
        site, place = self.state.site, self.destination.identity
        event_of = {held.definition_id: event_id for event_id, held in step.found}
        settled = [Outcome(change=change, external_id=change.external_id) for change in step.settled]
        with self.state.writing() as tx:
            found = [held for _, held in step.found]
            clashes = links.adopt(tx, site, place, found, event_ids=event_of, at=self.now)
            clashes += links.made(tx, site, place, settled, at=self.now)
            links.forget(tx, site, place, step.never_made)
            self._bury(tx, [_clash_letter(clash) for clash in clashes])

    def apply(self, changes: Sequence[Change], still_ours: Turn) -> list[Change]:
        """Apply in batches; return the updates whose record turned out to be gone from the destination."""
        vanished: list[Change] = []
        for start in range(0, len(changes), _BATCH):
            batch = changes[start : start + _BATCH]
            with self.state.writing() as tx:
                links.intend(tx, self.state.site, self.destination.identity, batch, at=self.now)
            still_ours()
            outcomes: list[Outcome] = []
            try:
                with span("destination.apply", site=self.state.site, changes=len(batch)):
                    for outcome in self.destination.apply(batch):
                        outcomes.append(_settled(outcome))
            finally:
                vanished += self._remember(outcomes)
        return vanished

    def _remember(self, outcomes: Sequence[Outcome]) -> list[Change]:
        """Write down, in one transaction, what was made and what was refused."""
        site, place = self.state.site, self.destination.identity
        made = [outcome for outcome in outcomes if not outcome.refused]
        gone = [outcome.change for outcome in outcomes if _vanished(outcome)]
        refused = [outcome for outcome in outcomes if outcome.refused and not _vanished(outcome)]
        with self.state.writing() as tx:
            clashes = links.made(tx, site, place, made, at=self.now)
            links.forget(tx, site, place, [change.definition_id for change in gone])
            mended = [outcome.change.definition_id for outcome in made]
            dead_letters.resolve(tx, site, flow=FLOW, subjects=mended, at=self.now)
            self._bury(tx, [*map(_letter, refused), *map(_clash_letter, clashes)])
            statistics.keep_up(tx)
        self.made.update(outcome.change.action for outcome in made)
        self.per_event.update(outcome.change.event_id for outcome in made)
        return gone

    def _bury(self, tx: Transaction, letters: Sequence[DeadLetter]) -> None:
        dead_letters.bury(tx, self.state.site, flow=FLOW, letters=letters, at=self.now)
        self.letters += letters

    def report(self) -> PublishReport:
        """Give the figures."""
        return PublishReport(
            created=self.made[Action.CREATE],
            updated=self.made[Action.UPDATE],
            archived=self.made[Action.ARCHIVE],
            deleted=self.made[Action.DELETE],
            unchanged=self.unchanged,
            refused=tuple(Refusal(subject=each.subject, code=each.code, reason=each.reason) for each in self.letters),
            per_event=dict(self.per_event),
        )


def _settled(outcome: Outcome) -> Outcome:
    """Take a removal of what is gone already for done."""
    if outcome.code == _GONE and outcome.change.action in {Action.ARCHIVE, Action.DELETE}:
        return Outcome(change=outcome.change, external_id=outcome.change.external_id)
    return outcome


def _vanished(outcome: Outcome) -> bool:
    return outcome.code == _GONE and outcome.change.action is Action.UPDATE


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


def _clash_letter(clash: Clash) -> DeadLetter:
    return DeadLetter(
        subject=clash.definition_id,
        event_id=None,
        code="not_one_to_one",
        reason=f"its record {clash.external_id} belongs to {clash.holder} already; take one of the two Wix ids away",
        payload={"external_id": clash.external_id, "holder": clash.holder},
    )
