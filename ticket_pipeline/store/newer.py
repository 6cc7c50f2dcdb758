"""What a page of ticket definitions brought, weighed against what is held (pure)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from ticket_pipeline.model.ticket_definition import TicketDefinition

_NEVER = datetime.min.replace(tzinfo=UTC)
#: What orders two readings of one definition: its revision, then Wix's own time of change.
Age = tuple[int, datetime]


class Gap(NamedTuple):
    """A jump of more than one revision: a webhook that never came."""

    definition_id: str
    had: int
    got: int


@dataclass(frozen=True, kw_only=True)
class Upserted:
    """What became of a page; each of its definitions is counted exactly once."""

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    stale: int = 0
    #: Definitions that a tombstone keeps out.
    buried_tombstones: int = 0
    gaps: tuple[Gap, ...] = ()


def age(revision: int, updated_at: datetime | None) -> Age:
    """Make the age; a reading without time is older than one with."""
    return revision, updated_at or _NEVER


def age_of(definition: TicketDefinition) -> Age:
    """Tell the age of a definition."""
    return age(definition.revision, definition.updated_at)


def latest(definitions: Sequence[TicketDefinition]) -> dict[str, TicketDefinition]:
    """Keep the newest reading of each definition, in the order of their ids (so that writers never deadlock)."""
    newest: dict[str, TicketDefinition] = {}
    for each in definitions:
        if each.id not in newest or age_of(each) > age_of(newest[each.id]):
            newest[each.id] = each
    return dict(sorted(newest.items()))


def weigh(
    definitions: Sequence[TicketDefinition],
    *,
    replaced: Mapping[str, int | None],
    held: Mapping[str, Age],
    dead: Collection[str],
) -> Upserted:
    """Count what became of each definition.

    `replaced` are the ids written, with the revision they took the place of (None: created); `held` the age of
    what is held now; `dead` the ids with a tombstone.
    """
    buried = sum(each.id in dead for each in definitions)
    stale = sum(age_of(each) < held[each.id] for each in definitions if each.id not in dead)
    return Upserted(
        created=tuple(each for each, had in replaced.items() if had is None),
        changed=tuple(each for each, had in replaced.items() if had is not None),
        unchanged=len(definitions) - len(replaced) - buried - stale,
        stale=stale,
        buried_tombstones=buried,
        gaps=tuple(_gaps(definitions, replaced)),
    )


def _gaps(definitions: Sequence[TicketDefinition], replaced: Mapping[str, int | None]) -> Iterator[Gap]:
    """Find the first jump of each definition that was known before; revisions of the same page close it."""
    came: dict[str, set[int]] = {each.id: set() for each in definitions}
    for each in definitions:
        came[each.id].add(each.revision)
    for definition_id, had in replaced.items():
        if had is None:
            continue
        steps = sorted({had, *(revision for revision in came[definition_id] if revision > had)})
        jump = next((pair for pair in pairwise(steps) if pair[1] - pair[0] > 1), None)
        if jump is not None:
            yield Gap(definition_id, *jump)
