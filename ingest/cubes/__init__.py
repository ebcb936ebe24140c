"""Cube files that other tools wrote, as an input and as an archive."""
