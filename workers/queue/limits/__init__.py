"""Limits of orders on the cost of their jobs: which parts there are. When a job is stopped: cost/limit.py."""
