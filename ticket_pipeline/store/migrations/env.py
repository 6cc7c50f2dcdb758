"""Run the migrations on the connection that `ticket_pipeline.store.migrate` holds, inside its transaction.

A new migration is a file `versions/<next number>_<noun>.py`, written by hand after its predecessor;
`ticket_pipeline_tests/store/test_migrate.py` says what is still missing.
"""

from alembic import context

from ticket_pipeline.store.migrate import VERSION_TABLE
from ticket_pipeline.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
