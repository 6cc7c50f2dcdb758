"""Approved records: an approval names what it lets be taken away; and the inbox is read by site."""

from collections.abc import Iterable
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INSTANT = sa.DateTime(timezone=True)
_BEFORE = sa.table(
    "approvals", sa.column("site"), sa.column("destination"), sa.column("digest"), sa.column("approved_at", _INSTANT)
)
_DOOMED = sa.text(
    "SELECT links.definition_id FROM links"
    " JOIN ticket_definitions ON ticket_definitions.site = links.site AND ticket_definitions.id = links.definition_id"
    " WHERE links.site = :site AND links.destination = :destination"
    " AND links.state = 'linked' AND ticket_definitions.deleted_at IS NOT NULL"
)


def upgrade() -> None:
    """Make the approvals anew, and the indexes of the inbox."""
    _approvals()
    op.create_index("inbox_by_site", "inbox", ["site", "seq"])
    op.drop_index("inbox_waiting", "inbox")
    landed = sa.text("state = 'landed'")
    op.create_index("inbox_waiting", "inbox", ["site", "state", "seq"], sqlite_where=landed, postgresql_where=landed)


def _approvals() -> None:
    """Keep the approvals that fit what is to be taken away now; any other had let nothing through any more."""
    connection = op.get_bind()
    kept = [row for old in connection.execute(sa.select(_BEFORE)).all() for row in _rows(connection, old)]
    op.drop_table("approvals")
    approvals = op.create_table(
        "approvals",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("destination", sa.Text, primary_key=True),
        sa.Column("definition_id", sa.Text, primary_key=True),
        sa.Column("approved_at", _INSTANT, nullable=False),
    )
    op.bulk_insert(approvals, kept)


def _rows(connection: sa.Connection, old: sa.Row[*tuple[object, ...]]) -> Iterable[dict[str, object]]:
    place = {"site": old.site, "destination": old.destination}
    # Of all that was to be taken away it was the digest.
    doomed = sorted(connection.scalars(_DOOMED, place))
    if sha256("\n".join(doomed).encode()).hexdigest()[:16] == old.digest:
        yield from ({**place, "definition_id": each, "approved_at": old.approved_at} for each in doomed)
