"""How a run over many events tells Dagster what became of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import dagster as dg

from ticket_pipeline.model.report import PublishReport
from ticket_pipeline.orchestration import rows
from ticket_pipeline.orchestration.metadata import DETAILED, Metadata
from ticket_pipeline.orchestration.names import EXTERNAL_RECORDS, TICKET_DEFINITIONS, TICKET_SYNC, Names
from ticket_pipeline.wiring import Site


def report_partitions(
    context: dg.AssetExecutionContext,
    shown: Mapping[str, Metadata],
    of_run: Metadata,
    lineage: dg.TableColumnLineage | None = None,
) -> dg.MaterializeResult[None]:
    """Give each partition its own metadata beside the run's; Dagster makes one materialization of each."""
    step = context.get_step_execution_context()
    kept = step._metadata_accumulator
    for event_id, entry in shown.items():
        kept = kept.with_additional_asset_metadata(context.asset_key, event_id, entry)
    # `context.add_asset_metadata` says the same, but lists all partitions for each: minutes, for a thousand of them.
    step._metadata_accumulator = kept
    # The page of the columns reads the newest materialization only, which may be that of any partition.
    shared = {"dagster/column_lineage": lineage} if lineage and len(shown) <= DETAILED else {}
    return dg.MaterializeResult(metadata={**of_run, **shared})


def mark_partitions(
    context: dg.OpExecutionContext, names: Names, site: Site, event_ids: Sequence[str], published: PublishReport
) -> None:
    """Mark, in a run that is no run of the assets, the partitions it worked on; a held plan has published none."""
    shown = {TICKET_DEFINITIONS: rows.definitions(site, event_ids)}
    if site.sync_parts:
        shown[EXTERNAL_RECORDS] = rows.records(site, event_ids)
        shown[TICKET_SYNC] = {} if published.hold else rows.links(site, event_ids, published.per_event)
    for asset, entries in shown.items():
        for event_id, entry in entries.items():
            context.log_event(dg.AssetMaterialization(names.key(asset), partition=event_id, metadata=entry))


@contextmanager
def marking_what_completed(
    context: dg.AssetExecutionContext, completed: Callable[[Sequence[str]], Sequence[str]]
) -> Iterator[None]:
    """Mark, when the flow fails halfway, the partitions it had completed; the others stay to be done."""
    try:
        yield
    except Exception:
        for event_id in completed(context.partition_keys):
            done = dg.AssetMaterialization(
                context.asset_key, partition=event_id, description="completed before the run failed"
            )
            context.log_event(done)
        raise
