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
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
    )
    op.create_index("tallies_by_seq", "tallies", ["seq"], unique=True)
    op.create_table(
        "tally_changes",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("definition_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("caused_at", _INSTANT, nullable=False),
        sa.Column("inbox_seq", sa.BigInteger),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.Column("answered_at", _INSTANT, nullable=False),
        sa.Column("pushed_at", _INSTANT),
    )
