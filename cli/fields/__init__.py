"""The command `landcast fields`."""
