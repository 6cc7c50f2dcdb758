"""Column schemas and lineage of the assets that are tables."""

import re
from collections.abc import Sequence

import dagster as dg

from ticket_pipeline.mapping.mapping import Column
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.mapping.view import TICKET

_EVENT = "event."

EVENTS = dg.TableSchema(
    columns=[
        dg.TableColumn(path.name.removeprefix(_EVENT), path.type, path.about)
        for path in TICKET.values()
        if path.name.startswith(_EVENT)
    ]
)

WEBHOOKS = dg.TableSchema(
    columns=[
        dg.TableColumn("seq", "integer", "in the order of landing", dg.TableColumnConstraints(unique=True)),
        dg.TableColumn("key", "text", "lands once, however often it is delivered"),
        dg.TableColumn("topic", "text", "Wix's eventType"),
        dg.TableColumn("entity_id", "text", "the definition, event, reservation or order it is about"),
        dg.TableColumn("event_id", "text", "the Wix event it is about"),
        dg.TableColumn("landed_at", "instant", "when it was durable"),
        dg.TableColumn("deliveries", "integer", "how often Wix delivered it"),
        dg.TableColumn("state", "text", "landed, done, ignored or buried"),
    ]
)

TICKET_DEFINITIONS = dg.TableSchema(
    columns=[
        dg.TableColumn(path.name, path.type, path.about) for path in TICKET.values() if not path.name.startswith(_EVENT)
    ]
)

TICKET_COUNTERS = dg.TableSchema(
    columns=[
        dg.TableColumn(
            "definition_id", "text", "Wix's id of the ticket definition", dg.TableColumnConstraints(unique=True)
        ),
        dg.TableColumn("status", "text", "on_sale, low, sold_out, unlimited, scheduled, ended or hidden"),
        dg.TableColumn("remaining", "integer", "tickets left; none when unlimited"),
        dg.TableColumn("prices", "list", "name, value and currency of each price"),
        dg.TableColumn("minimum_price", "boolean", "whether the price is the least one may pay"),
        dg.TableColumn("sale_start", "instant", "when the sale starts"),
        dg.TableColumn("sale_end", "instant", "when the sale ends"),
        dg.TableColumn("version", "integer", "grows with every read that is kept"),
        dg.TableColumn("read_at", "instant", "when Wix was asked for it"),
    ]
)

SUBSCRIBERS = dg.TableSchema(
    columns=[
        dg.TableColumn("email", "text", "read where it is, and kept by the marketing tool only"),
        dg.TableColumn("name", "text", "as people are addressed"),
        dg.TableColumn("status", "text", "subscribed, pending, unsubscribed or suppressed"),
        dg.TableColumn("locale", "text", "BCP 47"),
        dg.TableColumn("opt_ins", "list", "the marks by which people ask for an event"),
    ]
)

SALE_STARTS = dg.TableSchema(
    columns=[
        dg.TableColumn("event_id", "text", "the Wix event"),
        dg.TableColumn("sale_start", "instant", "when its tiers open, together one announcement"),
        dg.TableColumn("definition_ids", "list", "the ticket definitions that open"),
        dg.TableColumn("state", "text", "open, done, withdrawn or skipped_late"),
        dg.TableColumn("why", "text", "why nobody was told, where that is so"),
        dg.TableColumn("first_sent_at", "instant", "when the first message was taken by the other side"),
        dg.TableColumn("finished_at", "instant", "when nobody was left to be told"),
    ]
)

_WIX_ID = dg.TableColumn(
    ID_FIELD, "text", "Wix's id of the ticket definition, 1-to-1, written once", dg.TableColumnConstraints(unique=True)
)


def record_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """Describe the destination's records: the Wix id, and the fields of the mapping with their sources."""
    return dg.TableSchema(columns=[_WIX_ID, *(dg.TableColumn(each.name, each.type, each.source) for each in columns)])


def mapping_lineage(
    columns: Sequence[Column], *, definitions: dg.AssetKey, events: dg.AssetKey
) -> dg.TableColumnLineage:
    """Tell which of our words each field of a record is made of."""
    return dg.TableColumnLineage(
        {
            ID_FIELD: [dg.TableColumnDep(definitions, "id")],
            **{each.name: [_dep(word, definitions, events) for word in _words(each)] for each in columns},
        }
    )


def copied_lineage(columns: Sequence[Column], *, records: dg.AssetKey) -> dg.TableColumnLineage:
    """Tell that every column is the column of the same name upstream."""
    names = (ID_FIELD, *(each.name for each in columns))
    return dg.TableColumnLineage({name: [dg.TableColumnDep(records, name)] for name in names})


def _dep(word: str, definitions: dg.AssetKey, events: dg.AssetKey) -> dg.TableColumnDep:
    of_event = word.startswith(_EVENT)
    return dg.TableColumnDep(events if of_event else definitions, word.removeprefix(_EVENT))


def _words(column: Column) -> list[str]:
    """Find our words in a field's source, which is a sentence such as `price.value as decimal (places: 2)`."""
    if column.parts:
        return ["options"]
    if column.source.startswith("constant "):
        return []
    found = set(re.findall(r"[a-z][a-z_.]*[a-z]", column.source))
    return [name for name in TICKET if name in found]
