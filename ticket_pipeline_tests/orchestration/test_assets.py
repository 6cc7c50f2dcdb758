"""The assets against the sandbox: partitions come and go; a run of many events is one call, and marks each."""

from collections.abc import Collection, Iterator, Sequence
from typing import cast

import dagster as dg

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.inspect_work import Work
from ticket_pipeline.model.change import Change, Held, Outcome
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.names import EVENTS, EXTERNAL_RECORDS, PARTITIONED, TICKET_SYNC
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.orchestration.stage import DEFINITIONS_QUERY, Stage, attempts, checks, failure, figure

STEP = "box_office__ticket_definitions"


def test_each_live_event_that_sells_tickets_is_a_partition(stage: Stage) -> None:
    assert stage.refresh().success
    assert stage.watch.events is not None
    assert stage.partitions == list(stage.watch.events.event_ids)
    (shown,) = stage.materialized(EVENTS)[""]
    assert figure(shown.metadata, "partitions added") == len(stage.partitions)
    assert figure(shown.metadata, "dagster/row_count") >= len(stage.partitions)


def test_a_refresh_again_changes_no_partition(stage: Stage) -> None:
    stage.refresh()
    before = stage.partitions
    stage.refresh()
    assert stage.partitions == before
    assert [figure(each.metadata, "partitions added") for each in stage.materialized(EVENTS)[""]] == [0, len(before)]


def test_a_run_of_all_events_is_one_load_and_a_materialization_of_each(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.refresh()
    sandbox.stats.reset()
    result = stage.sync()
    assert result.success
    pages = -(-len(stage.api.all()) // 100)
    assert sandbox.stats.routes[DEFINITIONS_QUERY] <= pages + pages + 1
    for asset in PARTITIONED:
        marked = stage.materialized(asset)
        assert set(marked) == set(stage.partitions)
        assert all(len(each) == 1 for each in marked.values()), asset


def test_each_partition_shows_its_own_event(stage: Stage) -> None:
    stage.sync()
    assert stage.watch.loaded is not None
    event = next(each for each, count in stage.watch.loaded.per_event.items() if count)
    for asset in PARTITIONED:
        (shown,) = stage.materialized(asset)[event]
        assert figure(shown.metadata, "dagster/row_count") == stage.watch.loaded.per_event[event]
        assert shown.metadata["wix event"].value
        table = cast("dg.TableMetadataValue", shown.metadata["preview"])
        assert 0 < len(table.records) <= 20
    (records,) = stage.materialized(EXTERNAL_RECORDS)[event]
    lineage = cast("dg.TableColumnLineageMetadataValue", records.metadata["dagster/column_lineage"])
    assert lineage.column_lineage.deps_by_column["event_title"] == [dg.TableColumnDep(stage.names.key(EVENTS), "title")]


def test_one_event_alone_is_synced(stage: Stage) -> None:
    stage.refresh()
    event = stage.partitions[0]
    assert stage.run(stage.names.sync_job, partition_key=event).success
    assert set(stage.materialized(TICKET_SYNC)) == {event}
    assert {row[0] for row in stage.ticketing("select distinct wix_event_id from tickets")} == {event}


def test_the_partition_of_a_gone_event_stays_until_its_records_are_settled(stage: Stage) -> None:
    stage.sync()
    counts = stage.watch.loaded.per_event if stage.watch.loaded else {}
    event = min((each for each, count in counts.items() if count), key=lambda each: counts[each])
    stage.api.sandbox("/events/delete", {"eventId": event})
    stage.refresh()
    assert event in stage.partitions
    assert stage.run(stage.names.sync_job, partition_key=event).success
    assert {row[0] for row in stage.ticketing("select archived from tickets where wix_event_id = ?", event)} == {1}
    stage.refresh()
    assert event not in stage.partitions


def test_two_processes_may_add_the_same_partitions(stage: Stage) -> None:
    class Racing:
        """An instance beside which another process adds a key between our look and our insert."""

        def __init__(self, instance: dg.DagsterInstance) -> None:
            self.instance = instance
            self.raced = False

        def add_dynamic_partitions(self, name: str, keys: list[str]) -> None:
            if not self.raced:
                self.raced = True
                self.instance.add_dynamic_partitions(name, keys[:1])
                raise RuntimeError("UNIQUE constraint failed: dynamic_partitions")
            self.instance.add_dynamic_partitions(name, keys)

        def __getattr__(self, name: str) -> object:
            return getattr(self.instance, name)

    work = Work(live=("a", "b"), unloaded=(), unsettled=("c",))
    racing = cast("dg.DagsterInstance", Racing(stage.instance))
    assert align(racing, stage.names, work) == (3, 0)
    assert sorted(stage.partitions) == ["a", "b", "c"]


def test_a_run_that_fails_halfway_leaves_what_it_completed(stage: Stage) -> None:
    class Failing:
        """A destination that fails after sixty writes, time and again."""

        def __init__(self, inner: Destination) -> None:
            self.inner = inner
            self.identity = inner.identity

        def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
            return self.inner.find(definition_ids)

        def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
            yield from self.inner.apply(changes[:60] if len(changes) > 60 else [])
            raise TransientError("the destination is unwell")

    stage.site.__dict__["destination"] = Failing(stage.site.destination)
    result = stage.sync()
    assert not result.success
    written = {row[0]: row[1] for row in stage.ticketing("select wix_event_id, count(*) from tickets group by 1")}
    assert stage.watch.loaded is not None
    whole = {each for each, count in stage.watch.loaded.per_event.items() if written.get(each, 0) == count}
    assert 0 < len(whole) < len(stage.partitions)
    assert set(stage.materialized(TICKET_SYNC)) == whole


def test_a_transient_error_is_tried_again(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.refresh()
    sandbox.desk.faults.set(Faults(unavailable=1.0, only="ticket-definitions"))
    result = stage.run(stage.names.sync_job, partition_key=stage.partitions[0])
    assert attempts(result, STEP) == 4
    assert isinstance(stage.watch.error, TransientError)
    assert set(checks(result)) == set()


def test_a_mistake_of_the_configuration_is_not_tried_again(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.refresh()
    sandbox.desk.faults.set(Faults(app_not_installed=True))
    result = stage.run(stage.names.sync_job, partition_key=stage.partitions[0])
    assert attempts(result, STEP) == 1
    assert isinstance(stage.watch.error, ConfigError)
    assert failure(result).user_failure_data.description == str(stage.watch.error)


def test_a_held_plan_fails_with_the_command_that_lets_it_go(stage: Stage) -> None:
    stage.sync()
    for each in stage.api.all():
        stage.api.ask("DELETE", f"/events/v3/ticket-definitions/{each['id']}")
    result = stage.sync()
    assert attempts(result, "box_office__ticket_sync") == 1
    assert (
        "`ticket-pipeline plan --site box_office`, and let them go with --approve"
        in failure(result).user_failure_data.description
    )
    assert {row[0] for row in stage.ticketing("select archived from tickets")} == {0}


def test_no_secret_and_no_key_is_in_what_dagster_keeps(stage: Stage) -> None:
    result = stage.sync()
    told = "".join(dg.serialize_value(each) for each in stage.instance.all_logs(result.run_id))
    assert "sandbox-api-key" not in told
