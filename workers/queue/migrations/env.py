"""What alembic runs to carry out revisions: on the connection that it is given, in the transaction that this is in."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=given.get("metadata"))
context.run_migrations()
