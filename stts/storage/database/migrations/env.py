"""Alembic runs this for each command: the migrations, on the connection and in the transaction of the caller."""

from __future__ import annotations

from alembic import context

from stts.storage.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
