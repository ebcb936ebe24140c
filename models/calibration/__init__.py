"""Quantiles and probabilities that hold what they say."""
