"""Commands on the standing orders of a running service."""
