"""The inbox: webhooks as they landed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the inbox."""
    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("instance_id", sa.Text),
        sa.Column("entity_id", sa.Text),
        sa.Column("event_id", sa.Text),
        sa.Column("occurred_at", _INSTANT),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("anonymise", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("landed_at", _INSTANT, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("processed_at", _INSTANT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.UniqueConstraint("site", "key", name="inbox_lands_once"),
        sqlite_autoincrement=True,
    )
    landed = sa.text("state = 'landed'")
    op.create_index("inbox_waiting", "inbox", ["site", "seq"], sqlite_where=landed, postgresql_where=landed)
    op.create_index("inbox_by_entity", "inbox", ["site", "entity_id"])
