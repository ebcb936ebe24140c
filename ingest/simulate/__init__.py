"""Simulated ground, satellites and clouds: the sample archive and series to train on. Nothing here was measured."""

GENERATOR = "1"
"""Raised whenever the same seed gives other pixels: sample archives of another generator are generated anew."""
