"""Stages of one piece of work side by side."""
