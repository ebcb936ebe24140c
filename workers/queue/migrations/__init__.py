"""Revisions of the ledger's tables, carried out by alembic at the start of any process that opens the ledger."""
