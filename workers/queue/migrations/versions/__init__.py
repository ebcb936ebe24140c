"""One file a revision; each names the one before it. `make revision` writes the next one from the tables."""
