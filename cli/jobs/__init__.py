"""Commands on the jobs of a running service."""
