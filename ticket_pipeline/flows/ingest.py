"""Ingest: landed webhooks become state. A webhook is a fact that landed, and then only a hint of what is so now."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from ticket_pipeline.errors import NotFoundError, RejectedError, TransientError
from ticket_pipeline.flows.hints import Hints, gather
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.report import IngestReport, Refusal
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import dead_letters, definitions, events, inbox
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.inbox import Entry, State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.tracing import span
from ticket_pipeline.wix.answer import AccessError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import get_event, query_events
from ticket_pipeline.wix.ticket_definitions import get_ticket_definition, query_by_id

FLOW = "ingest"
#: Up to so many definitions are read one by one, which is fresh; more are queried by the hundred, which may lag.
_ONE_BY_ONE = 10
_BATCH = 1000
_MOST_BATCHES = 100


def ingest(state: SiteState, wix: WixClient, *, now: datetime, limit: int = _BATCH) -> IngestReport:
    """Bring the effect of the oldest waiting webhooks into our state, and settle them in the same transaction.

    What a webhook carries whole is kept when it is newer; what it only hints at is read from Wix. Any order, repeats
    and old data end in the same state.

    Raises:
        TransientError, ConfigError: Wix could not be read. What needed no reading is done; the rest still waits.
    """
    work = _Ingest(state=state, now=now, requests_before=wix.requests_spent)
    with span("ingest", site=state.site) as note:
        hints = work.take(limit)
        note(inbox_keys=hints.keys)
        try:
            work.read_events(wix, hints)
            work.read_definitions(wix, hints)
        except TransientError:
            work.tried(hints)
            raise
    return work.report(wix)


def ingest_all(state: SiteState, wix: WixClient, *, now: datetime) -> IngestReport:
    """Ingest batch after batch until nothing waits; what keeps landing meanwhile is left for the next call.

    Raises:
        TransientError, ConfigError: as `ingest`; the batches before are done.
    """
    reports = [ingest(state, wix, now=now)]
    while sum(reports[-1].settled.values()) + reports[-1].buried >= _BATCH and len(reports) < _MOST_BATCHES:
        reports.append(ingest(state, wix, now=now))
    return IngestReport(
        settled=dict(sum((Counter(each.settled) for each in reports), Counter[str]())),
        event_ids=tuple(sorted({event_id for each in reports for event_id in each.event_ids})),
        gaps=sum(each.gaps for each in reports),
        refused=tuple(refusal for each in reports for refusal in each.refused),
        buried=sum(each.buried for each in reports),
        requests=sum(each.requests for each in reports),
    )


@dataclass(kw_only=True)
class _Ingest:
    """One batch under way."""

    state: SiteState
    now: datetime
    requests_before: int
    touched: set[str] = field(default_factory=set)
    settled: Counter[str] = field(default_factory=Counter)
    letters: list[DeadLetter] = field(default_factory=list)
    gaps: int = 0
    buried: int = 0

    def take(self, limit: int) -> Hints:
        """Claim a batch, and write at once all that needs no reading."""
        site = self.state.site
        with self.state.writing() as tx:
            hints = gather(inbox.claim(tx, site, limit))
            for definition_id in self._strange(tx, hints):
                hints.definitions_to_read.setdefault(definition_id, [])
            for event_id in self._unknown_events(tx, hints):
                hints.events_to_read.setdefault(event_id, [])
            self._keep(tx, hints.definitions)
            self._bury_events(tx, hints.gone)
            self._entomb(tx, hints.dead, why="a webhook said so")
            inbox.forget(tx, site, hints.erased)
            told = {*hints.gone, *hints.dead, *(each.id for each in hints.definitions)}
            dead_letters.resolve(tx, site, flow=FLOW, subjects=told, at=self.now)
            self._settle(tx, hints.settled)
        return hints

    def read_events(self, wix: WixClient, hints: Hints) -> None:
        """Read events again, and with each all of its definitions."""
        found, refused = _events(wix, sorted(hints.events_to_read.keys() - hints.gone))
        alive = {each: event for each, event in found.items() if event is not None}
        with self.state.writing() as tx:
            events.put(tx, self.state.site, list(alive.values()), read_at=self.now)
            self._bury_events(tx, found.keys() - alive.keys())
            self._bury(tx, refused, hints.events_to_read)
        selling = [each for each, event in alive.items() if event.sells_tickets]
        if selling:
            report = load_definitions(self.state, wix, selling, now=self.now)
            self.gaps += report.gaps
        self.touched.update(found)
        with self.state.writing() as tx:
            left = {each: waiting for each, waiting in hints.events_to_read.items() if each not in refused}
            self._settle(tx, chain.from_iterable(left.values()))
            dead_letters.resolve(tx, self.state.site, flow=FLOW, subjects=list(left), at=self.now)

    def read_definitions(self, wix: WixClient, hints: Hints) -> None:
        """Read definitions again; one that Wix does not know any more is dead."""
        wanted = sorted(hints.definitions_to_read.keys() - hints.dead)
        found, dead, refused = _definitions(wix, wanted)
        with self.state.writing() as tx:
            self._keep(tx, found)
            self._entomb(tx, dead, why="404 by id")
            self._bury(tx, refused, hints.definitions_to_read)
            left = {each: waiting for each, waiting in hints.definitions_to_read.items() if each not in refused}
            self._settle(tx, chain.from_iterable(left.values()))
            dead_letters.resolve(tx, self.state.site, flow=FLOW, subjects=list(left), at=self.now)

    def tried(self, hints: Hints) -> None:
        """Count an attempt for what still waits."""
        waiting = chain(*hints.events_to_read.values(), *hints.definitions_to_read.values())
        with self.state.writing() as tx:
            inbox.tried(tx, self.state.site, [entry.seq for entry in waiting])

    def report(self, wix: WixClient) -> IngestReport:
        """Give the figures."""
        return IngestReport(
            settled=dict(self.settled),
            event_ids=tuple(sorted(self.touched)),
            gaps=self.gaps,
            buried=self.buried,
            refused=tuple(Refusal(subject=each.subject, code=each.code, reason=each.reason) for each in self.letters),
            requests=wix.requests_spent - self.requests_before,
        )

    def _strange(self, tx: Transaction, hints: Hints) -> set[str]:
        """Tell which definitions we were never told of before they changed, or were not told of all changes."""
        heard = defaultdict[str, set[int]](set)
        for each in hints.definitions:
            heard[each.id].add(each.revision)
        known = definitions.revisions(tx, self.state.site, heard)
        return {each for each, revisions in heard.items() if _has_gap(known.get(each, 0), revisions)}

    def _unknown_events(self, tx: Transaction, hints: Hints) -> set[str]:
        return {each.event_id for each in hints.definitions} - events.ids(tx, self.state.site) - hints.gone

    def _keep(self, tx: Transaction, found: Collection[TicketDefinition]) -> None:
        kept = definitions.upsert_newer(tx, self.state.site, list(found), read_at=self.now)
        self.gaps += len(kept.gaps)
        self.touched.update(each.event_id for each in found)

    def _entomb(self, tx: Transaction, dead: Collection[str], *, why: str) -> None:
        definitions.tombstone(tx, self.state.site, dead, at=self.now, why=why)
        self.touched |= definitions.event_ids_of(tx, self.state.site, dead)

    def _bury_events(self, tx: Transaction, gone: Collection[str]) -> None:
        events.mark_gone(tx, self.state.site, gone, at=self.now)
        for event_id, ids in definitions.live_ids(tx, self.state.site, gone).items():
            definitions.tombstone(tx, self.state.site, ids, event_id=event_id, at=self.now, why="its event is gone")
        self.touched.update(gone)

    def _bury(self, tx: Transaction, refused: Mapping[str, RejectedError], waiting: Mapping[str, list[Entry]]) -> None:
        letters: list[DeadLetter] = []
        for subject, error in refused.items():
            seqs = [entry.seq for entry in waiting[subject]]
            inbox.finish(tx, self.state.site, seqs, State.BURIED, at=self.now)
            self.buried += len(seqs)
            letters.append(DeadLetter(subject=subject, code=error.code, reason=str(error), payload={"inbox": seqs}))
        dead_letters.bury(tx, self.state.site, flow=FLOW, letters=letters, at=self.now)
        self.letters += letters

    def _settle(self, tx: Transaction, entries: Iterable[Entry]) -> None:
        settled = {entry.seq: entry for entry in entries}
        inbox.finish(tx, self.state.site, list(settled), State.DONE, at=self.now)
        self.settled.update(entry.envelope.topic for entry in settled.values())


def _has_gap(known: int, heard: set[int]) -> bool:
    """Tell whether revisions between what we knew and the highest we heard of are missing."""
    return any(revision not in heard for revision in range(known + 1, max(heard)))


def _events(wix: WixClient, wanted: list[str]) -> tuple[dict[str, Event | None], dict[str, RejectedError]]:
    """Read events: those found (None: 404), and those that cannot be read, a draft's perhaps."""
    found: dict[str, Event | None] = {}
    refused: dict[str, RejectedError] = {}
    for each in wanted:
        try:
            found[each] = get_event(wix, each)
        except NotFoundError:
            found[each] = None
        except RejectedError as error:
            refused[each] = error
        except AccessError as error:
            refused[each] = _not_this_one(wix, error)
    return found, refused


def _not_this_one(wix: WixClient, error: AccessError) -> RejectedError:
    """Tell a thing that we may not see from credentials that are refused altogether.

    Raises:
        AccessError: Wix refuses everything.
    """
    next(iter(query_events(wix)), None)
    return RejectedError(str(error), code="not_readable")


def _definitions(
    wix: WixClient, wanted: list[str]
) -> tuple[list[TicketDefinition], list[str], dict[str, RejectedError]]:
    """Read definitions: those found, those that are not there, and those that cannot be made sense of."""
    found = {} if len(wanted) <= _ONE_BY_ONE else _queried(wix, wanted)
    dead: list[str] = []
    refused: dict[str, RejectedError] = {}
    for each in [each for each in wanted if each not in found]:
        try:
            found[each] = get_ticket_definition(wix, each)
        except NotFoundError:
            dead.append(each)
        except RejectedError as error:
            refused[each] = error
        except AccessError as error:
            refused[each] = _not_this_one(wix, error)
    return list(found.values()), dead, refused


def _queried(wix: WixClient, wanted: list[str]) -> dict[str, TicketDefinition]:
    return {each.id: each for page in query_by_id(wix, wanted) for each in page.items}
