"""The report of a finished map."""
