"""Replay: go once more, on purpose, through what was refused or landed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows import ingest, load
from ticket_pipeline.model.report import Refusal
from ticket_pipeline.store import dead_letters, inbox, retention
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient

_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is to be replayed."""

    #: Dead letters, as they were buried.
    letters: tuple[DeadLetter, ...] = ()
    #: Numbers of inbox entries.
    seqs: tuple[int, ...] = ()
    #: What had landed before, and was done with, is in the inbox no more; None where all of it still is, or none is
    #: asked for.
    reaches_back_to: datetime | None = None

    @property
    def event_ids(self) -> tuple[str, ...]:
        """Events whose definitions are to be read again."""
        of_loads = {each.event_id for each in self.letters if each.flow == load.FLOW and each.event_id}
        return tuple(sorted(of_loads))


def select(
    state: SiteState,
    *,
    letter_ids: Sequence[int] = (),
    first: int | None = None,
    last: int | None = None,
    everything: bool = False,
) -> Selection:
    """Choose dead letters by their numbers, inbox entries by a range of theirs, or everything; change nothing.

    Raises:
        ConfigError: no open dead letter has such a number.
    """
    with state.reading() as tx:
        letters = {each.id: each for each in dead_letters.open_letters(tx, state.site)}
        end = inbox.last_seq(tx, state.site)
        cleared = retention.inbox_cleared_before(tx, state.site)
    unknown = [str(each) for each in letter_ids if each not in letters]
    if unknown:
        raise ConfigError(f"no open dead letter {', '.join(unknown)}; `ticket-pipeline dead-letters` lists them")
    wanted = tuple(letters.values()) if everything else tuple(letters[each] for each in letter_ids)
    whole = everything or first is not None or last is not None
    listed = _listed(state, first or 1, end if last is None else min(last, end)) if whole else []
    named = [seq for each in wanted if each.flow == ingest.FLOW for seq in (each.payload or {}).get("inbox", [])]
    return Selection(letters=wanted, seqs=tuple(sorted({*listed, *named})), reaches_back_to=cleared if whole else None)


def reopen(state: SiteState, wix: WixClient, selection: Selection, *, now: datetime) -> tuple[Refusal, ...]:
    """Let the selected webhooks wait for their effect once more, and read again what a load had refused.

    Returns what the load refuses still. Its letters stay open until they are read, so a failure loses none.

    What is then to be mapped and published is derived from our state: following the inbox does it.

    Raises:
        TransientError, ConfigError: Wix could not be read; the same call may be made again.
    """
    with state.writing() as tx:
        inbox.reopen(tx, state.site, selection.seqs)
    report = load.load_definitions(state, wix, selection.event_ids, now=now)
    again = {each.subject for each in report.refused}
    read = [each.subject for each in selection.letters if each.flow == load.FLOW and each.subject not in again]
    with state.writing() as tx:
        dead_letters.resolve(tx, state.site, flow=load.FLOW, subjects=read, at=now)
    return report.refused


def _listed(state: SiteState, first: int, last: int) -> list[int]:
    found: list[int] = []
    at = first - 1
    while at < last:
        with state.reading() as tx:
            entries = inbox.after(tx, state.site, at, _AT_ONCE)
        if not entries:
            break
        found += [entry.seq for entry in entries if entry.seq <= last]
        at = entries[-1].seq
    return found
