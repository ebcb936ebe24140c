"""Calibrated quantiles and probabilities."""
