"""What Alembic runs to migrate; the connection is handed over by `pipeline.store.migrating`."""

from alembic import context

from pipeline.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
