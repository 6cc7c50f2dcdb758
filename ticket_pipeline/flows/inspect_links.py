"""Inspect: whether definitions and external records still belong together one to one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ticket_pipeline.destinations.base import Destination, look
from ticket_pipeline.store import links
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.site_state import SiteState


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """How linked definitions and the records that stand at the destination pair up."""

    linked: int
    #: Ids of linked definitions that have no record there.
    missing: tuple[str, ...]
    #: Records that carry the same Wix id, by that id.
    twins: Mapping[str, tuple[str, ...]]
    #: Definitions whose link names one external record, by that record.
    shared: Mapping[str, tuple[str, ...]]

    @property
    def one_to_one(self) -> bool:
        """Whether every link has exactly its own record."""
        return not (self.missing or self.twins or self.shared)


def pair_up(state: SiteState, destination: Destination, event_ids: Sequence[str] | None = None) -> Pairing:
    """Pair the links of these events (None: of the site) with the records that carry their Wix ids.

    Raises:
        TransientError, ConfigError: the destination cannot be read.
    """
    with state.reading() as tx:
        known = links.read(tx, state.site, destination.identity, event_ids)
    linked = [link for link in known.values() if link.state is LinkState.LINKED]
    records, definitions = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    found = destination.find() if event_ids is None else look(destination, list(known), event_ids)
    for held in found:
        records[held.definition_id].append(held.external_id)
    for link in linked:
        definitions[link.external_id or ""].append(link.definition_id)
    return Pairing(
        linked=len(linked),
        missing=tuple(sorted(link.definition_id for link in linked if link.definition_id not in records)),
        twins=_several(records),
        shared=_several(definitions),
    )


def _several(found: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(sorted(ids)) for key, ids in sorted(found.items()) if len(ids) > 1}
