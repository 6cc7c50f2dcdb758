"""Every table on one page. A change here needs a migration; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ticket_pipeline.store.columns import Instant, Json, Words

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("site", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("title", Words, nullable=False),
    Column("slug", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("registration", Words),
    Column("starts_at", Instant),
    Column("updated_at", Instant),
    Column("body", Json, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("gone_at", Instant),
)

ticket_definitions = Table(
    "ticket_definitions",
    metadata,
    Column("site", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("event_id", Text),
    Column("revision", BigInteger),
    # The revision this one took the place of; tells a created row from a changed one in the same statement.
    Column("previous_revision", BigInteger),
    Column("updated_at", Instant),
    Column("body", Json),
    Column("read_at", Instant),
    Column("deleted_at", Instant),
    Column("deleted_why", Words),
    CheckConstraint(
        "deleted_at IS NOT NULL OR (event_id IS NOT NULL AND revision IS NOT NULL AND body IS NOT NULL)",
        name="ticket_definitions_live_or_dead",
    ),
    Index("ticket_definitions_by_event", "site", "event_id", "id"),
)

loads = Table(
    "loads",
    metadata,
    Column("site", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("load_id", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("completed_at", Instant, nullable=False),
    Column("definitions", Integer, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("site", Text, primary_key=True),
    Column("definition_id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("fields", Json, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("losses", Json, nullable=False),
    # The event's content and the declared mapping it was made with: another of either makes another record.
    Column("made_from", Text, nullable=False),
    Column("mapped_at", Instant, nullable=False),
    Index("records_by_event", "site", "event_id", "definition_id"),
)

links = Table(
    "links",
    metadata,
    Column("site", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("definition_id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("external_id", Text),
    Column("state", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("content_hash", Text),
    Column("revision", BigInteger),
    Column("written_at", Instant, nullable=False),
    UniqueConstraint("site", "destination", "external_id", name="links_one_to_one"),
    Index("links_by_event", "site", "destination", "event_id", "definition_id"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("site", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("event_id", Text),
    Column("code", Text, nullable=False),
    Column("reason", Words, nullable=False),
    Column("payload", Json),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Index(
        "dead_letters_one_open",
        "site",
        "flow",
        "subject",
        unique=True,
        sqlite_where=text("resolved_at IS NULL"),
        postgresql_where=text("resolved_at IS NULL"),
    ),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("site", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Json),
    Column("updated_at", Instant, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("site", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at", Double, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("site", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    # One that was dead, and whose record is still to be taken away.
    Column("definition_id", Text, primary_key=True),
    Column("approved_at", Instant, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    # In the order in which they became visible: landing is one writer at a time.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("site", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("instance_id", Text),
    Column("entity_id", Text),
    Column("event_id", Text),
    Column("occurred_at", Instant),
    Column("sequence", BigInteger),
    Column("anonymise", Boolean, nullable=False),
    Column("body", Json, nullable=False),
    Column("landed_at", Instant, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("processed_at", Instant),
    Column("attempts", Integer, nullable=False),
    UniqueConstraint("site", "key", name="inbox_lands_once"),
    Index("inbox_by_site", "site", "seq"),
    # With the state, or SQLite would not tell it from the index over all that ever landed.
    Index(
        "inbox_waiting",
        "site",
        "state",
        "seq",
        sqlite_where=text("state = 'landed'"),
        postgresql_where=text("state = 'landed'"),
    ),
    Index("inbox_by_entity", "site", "entity_id"),
    sqlite_autoincrement=True,
)

tallies = Table(
    "tallies",
    metadata,
    Column("site", Text, primary_key=True),
    Column("definition_id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    # Of the read that was kept last, over all definitions of all sites, in the order in which they became visible.
    Column("seq", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    # What a reader sees, without version and instant of the read.
    Column("body", Json, nullable=False),
    Column("read_at", Instant, nullable=False),
    # How often the body became another, since the first.
    Column("gone", Boolean, nullable=False),
    Column("changes", BigInteger, nullable=False),
    Index("tallies_by_seq", "seq", unique=True),
)

tally_changes = Table(
    "tally_changes",
    metadata,
    Column("site", Text, primary_key=True),
    Column("definition_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("body", Json, nullable=False),
    # What had it read (a topic, a timer, a sweep), when that came, and which inbox entry.
    Column("why", Words, nullable=False),
    Column("caused_at", Instant, nullable=False),
    Column("inbox_seq", BigInteger),
    Column("read_at", Instant, nullable=False),
    Column("answered_at", Instant, nullable=False),
    Column("pushed_at", Instant),
)

announcements = Table(
    "announcements",
    metadata,
    Column("site", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("sale_start", Instant, primary_key=True),
    Column("definition_ids", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Words, nullable=False),
    # Who is at work on it, and until when that is believed without a sign of life.
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("first_sent_at", Instant),
    Column("finished_at", Instant),
    Column("report", Json),
    Column("made_at", Instant, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("site", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("sale_start", Instant, primary_key=True),
    Column("channel", Text, primary_key=True),
    # A keyed hash of the normalised address: never the address.
    Column("recipient", Text, primary_key=True),
    # Of what identifies the person on whatever channel.
    Column("person", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("attempts", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Index(
        "receipts_told_once",
        "site",
        "event_id",
        "sale_start",
        "person",
        unique=True,
        sqlite_where=text("state IN ('claimed', 'sent', 'unknown')"),
        postgresql_where=text("state IN ('claimed', 'sent', 'unknown')"),
    ),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("site", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("why", Words, nullable=False),
    Column("at", Instant, nullable=False),
    # When the marketing tool took it; NULL: it is remembered here only.
    Column("passed_on_at", Instant),
)
