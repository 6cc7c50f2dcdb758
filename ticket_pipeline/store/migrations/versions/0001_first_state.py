"""The first state: events, ticket definitions, records, links and what goes with them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the first tables."""
    _events()
    _ticket_definitions()
    _loads()
    _records()
    _links()
    _dead_letters()
    _checkpoints()
    _budgets()
    _approvals()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("registration", sa.Text),
        sa.Column("starts_at", _INSTANT),
        sa.Column("updated_at", _INSTANT),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.Column("gone_at", _INSTANT),
    )


def _ticket_definitions() -> None:
    op.create_table(
        "ticket_definitions",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text),
        sa.Column("revision", sa.BigInteger),
        sa.Column("previous_revision", sa.BigInteger),
        sa.Column("updated_at", _INSTANT),
        sa.Column("body", sa.Text),
        sa.Column("read_at", _INSTANT),
        sa.Column("deleted_at", _INSTANT),
        sa.Column("deleted_why", sa.Text),
        sa.CheckConstraint(
            "deleted_at IS NOT NULL OR (event_id IS NOT NULL AND revision IS NOT NULL AND body IS NOT NULL)",
            name="ticket_definitions_live_or_dead",
        ),
    )
    op.create_index("ticket_definitions_by_event", "ticket_definitions", ["site", "event_id", "id"])


def _loads() -> None:
    op.create_table(
        "loads",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("load_id", sa.Text, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("completed_at", _INSTANT, nullable=False),
        sa.Column("definitions", sa.Integer, nullable=False),
    )


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("definition_id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("losses", sa.Text, nullable=False),
        sa.Column("made_from", sa.Text, nullable=False),
        sa.Column("mapped_at", _INSTANT, nullable=False),
    )
    op.create_index("records_by_event", "records", ["site", "event_id", "definition_id"])


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("destination", sa.Text, primary_key=True),
        sa.Column("definition_id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text),
        sa.Column("revision", sa.BigInteger),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.UniqueConstraint("site", "destination", "external_id", name="links_one_to_one"),
    )
    op.create_index("links_by_event", "links", ["site", "destination", "event_id", "definition_id"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", _INSTANT, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.Column("resolved_at", _INSTANT),
    )
    still_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "dead_letters_one_open",
        "dead_letters",
        ["site", "flow", "subject"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text),
        sa.Column("updated_at", _INSTANT, nullable=False),
    )


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("tokens", sa.Double, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("destination", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("approved_at", _INSTANT, nullable=False),
    )
