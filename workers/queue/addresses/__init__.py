"""Addresses of the Redis that carries the messages."""
