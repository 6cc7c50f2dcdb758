"""Tables in Dagster's metadata."""

from typing import cast

import dagster as dg

from ticket_pipeline.orchestration import metadata
from ticket_pipeline.orchestration.metadata import ROWS, Row


def shown(rows: list[Row]) -> tuple[list[str], list[dict[str, object]]]:
    table = cast("dg.TableMetadataValue", metadata.table(rows))
    return [column.name for column in table.schema.columns], [dict(record.data) for record in table.records]


def test_rows_of_an_old_mapping_and_a_new_one_stand_in_one_table() -> None:
    columns, records = shown([{"id": "a", "title": "Balcony"}, {"id": "b", "tier": 1}])
    assert columns == ["id", "title", "tier"]
    assert records == [{"id": "a", "title": "Balcony", "tier": None}, {"id": "b", "title": None, "tier": 1}]


def test_a_table_of_nothing_is_one() -> None:
    assert shown([]) == (["nothing"], [])


def test_only_the_first_rows_are_shown() -> None:
    assert len(shown([{"id": number} for number in range(ROWS + 5)])[1]) == ROWS
