"""Processes of a running service: supervisor, worker, Redis, signals."""
