"""Tallies: what counters show, and how that came about."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tallies and their history."""
    op.create_table(
        "tallies",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("definition_id", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
    )
    op.create_index("tallies_by_seq", "tallies", ["seq"], unique=True)
    op.create_table(
        "tally_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("definition_id", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("inbox_seq", sa.BigInteger),
        sa.Column("caused_at", _INSTANT),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.Column("answered_at", _INSTANT, nullable=False),
        sa.Column("pushed_at", _INSTANT),
    )
    op.create_index("tally_changes_by_definition", "tally_changes", ["site", "definition_id", "id"])
