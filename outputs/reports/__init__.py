"""Reports: one form for every evaluation, rendered as text, as a page, or written to a file."""
