"""Regions larger than one order: planned and ordered by map sheets."""
