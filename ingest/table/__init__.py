"""Tables of series as they are stored, and their layouts. ingest/tables.py reads them."""
