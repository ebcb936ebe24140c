"""Sentinel Hub as an archive: passes, requests, pixels."""
