"""Alembic's entry: runs the revisions on the connection that `onearm.ledger.migration` hands over."""

from alembic import context

from onearm.ledger.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
