"""The partitions of a site: its live events, and gone ones whose records are not settled yet."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ticket_pipeline.flows.inspect_work import Work
from ticket_pipeline.orchestration.names import Names

#: SQLite takes only so many values in one statement, and Dagster puts all keys into one.
_AT_ONCE = 5_000
_TRIES = 5


def align(instance: dg.DagsterInstance, names: Names, work: Work) -> tuple[int, int]:
    """Make the partitions the events there is work for; return how many were added and removed."""
    name = names.partitions_name
    there = set(instance.get_dynamic_partitions(name))
    wanted = [*work.live, *work.unsettled]
    new = [key for key in wanted if key not in there]
    old = sorted(there.difference(wanted))
    for some in _chunks(new):
        _add(instance, name, some)
    for key in old:
        instance.delete_dynamic_partition(name, key)
    return len(new), len(old)


def _add(instance: dg.DagsterInstance, name: str, keys: Sequence[str]) -> None:
    """Add keys that another process may be adding too: Dagster looks first and inserts then."""
    for attempt in range(_TRIES):
        try:
            return instance.add_dynamic_partitions(name, keys)
        except Exception:
            there = set(instance.get_dynamic_partitions(name))
            if attempt + 1 == _TRIES or there.isdisjoint(keys):
                raise
    return None


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
