"""Files of fields: tables, vector files and the report."""
