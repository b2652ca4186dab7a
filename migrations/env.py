"""Runs the migrations on the owner's connection, which `creditbank db upgrade` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
# Batch mode would copy a guarded table and silently leave its triggers behind.
context.configure(connection=connection, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
