"""`landcast keys`."""
