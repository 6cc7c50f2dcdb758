"""The assets of announcements: declared whole, materialized by hand, and shown without anybody's markup."""

from pathlib import Path

import dagster as dg

from ticket_pipeline.orchestration.announcement_checks import IN_TIME, ONCE
from ticket_pipeline.orchestration.code_location import build, site_definitions
from ticket_pipeline.orchestration.names import SALE_START_ANNOUNCEMENTS, SUBSCRIBERS, TICKET_DEFINITIONS
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.stage import SITE, Stage, checks, declared_for, figure
from ticket_pipeline_tests.orchestration.telling import EVERYBODY, LEFT_OUT, MINUTE, TOLD, Telling


def test_a_backfill_by_hand_tells_what_is_due_of_its_events_only(teller: Telling) -> None:
    one = teller.some
    other = teller.other(one)
    teller.open_sale(one, teller.time.now - MINUTE)
    teller.open_sale(other, teller.time.now - MINUTE)
    assert teller.materialize(SALE_START_ANNOUNCEMENTS, one.event_id).success
    assert teller.mailed == sorted(TOLD)
    (marked,) = teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]
    assert figure(marked.metadata, "told") == 3
    assert figure(marked.metadata, "sale starts (whole run)") == 1


def test_a_backfill_of_everything_where_nothing_is_due_says_so_and_tells_nobody(teller: Telling) -> None:
    result = teller.materialize(SALE_START_ANNOUNCEMENTS, teller.partitions[0], teller.partitions[-1])
    assert result.success
    assert teller.mailed == []
    marked = teller.materialized(SALE_START_ANNOUNCEMENTS)
    assert set(marked) == set(teller.partitions)
    for (each,) in marked.values():
        assert str(each.metadata["what was due (whole run)"].value).startswith("Nothing is due")
    assert checks(result) == {ONCE: True, IN_TIME: True}


def test_titles_and_reasons_cannot_become_markup_of_the_graph(teller: Telling) -> None:
    one = teller.some
    organiser.edit(teller.sandbox.world, one.id, {"name": "![x](http://x.y/p) | <b>b</b>"})
    teller.open_sale(one, teller.time.now + MINUTE)
    teller.announce()
    (marked,) = teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]
    text = str(marked.metadata["calendar"].value)
    assert r"!\[x\](http\://x\.y/p) \| \<b\>b\</b\>" in text


def test_the_graph_is_declared(tmp_path: Path) -> None:
    doing = {"announcements": {"audience": {"kind": "csv", "path": "x.csv"}, "channels": [{"kind": "memory"}]}}
    graph = build(Wiring(declared_for("http://127.0.0.1:9", tmp_path, doing))).get_repository_def().asset_graph
    node = graph.get(dg.AssetKey([SITE, SALE_START_ANNOUNCEMENTS]))
    assert {key.path[-1] for key in node.parent_keys} == {SUBSCRIBERS, TICKET_DEFINITIONS}
    assert isinstance(node.partitions_def, dg.DynamicPartitionsDefinition)
    for each in (node, graph.get(dg.AssetKey([SITE, SUBSCRIBERS]))):
        assert each.description
        assert each.kinds
        assert each.code_version
        assert each.owners
        assert "dagster/column_schema" in each.metadata


def test_a_site_without_announcements_has_none_of_it(stage: Stage) -> None:
    repository = site_definitions(stage.parts).get_repository_def()
    there = {key.path[-1] for key in repository.asset_graph.get_all_asset_keys()}
    assert there.isdisjoint({SUBSCRIBERS, SALE_START_ANNOUNCEMENTS})
    assert stage.names.announce_job not in repository.job_names
    assert stage.names.announce_schedule not in {each.name for each in repository.schedule_defs}
    assert stage.names.sale_start_sensor not in {each.name for each in repository.sensor_defs}


def test_counting_the_subscribers_needs_no_sale_start(teller: Telling) -> None:
    result = teller.materialize(SUBSCRIBERS)
    assert result.success
    (shown,) = teller.materialized(SUBSCRIBERS)[""]
    assert figure(shown.metadata, "dagster/row_count") == len(EVERYBODY)
    assert figure(shown.metadata, "not written to") == len(LEFT_OUT)
