"""Announcements: sale starts, who was told, and who wants no more."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the announcements, their receipts and the suppressions."""
    op.create_table(
        "announcements",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("sale_start", _INSTANT, primary_key=True),
        sa.Column("definition_ids", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claimed_until", _INSTANT),
        sa.Column("first_sent_at", _INSTANT),
        sa.Column("finished_at", _INSTANT),
        sa.Column("report", sa.Text),
        sa.Column("made_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("sale_start", _INSTANT, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
    )
    told = sa.text("state IN ('claimed', 'sent', 'unknown')")
    op.create_index(
        "receipts_told_once",
        "receipts",
        ["site", "event_id", "sale_start", "person"],
        unique=True,
        sqlite_where=told,
        postgresql_where=told,
    )
    op.create_table(
        "suppressions",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("passed_on_at", _INSTANT),
    )
