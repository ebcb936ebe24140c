"""Simulated ground, satellites and clouds: the sample archive and series to train on. Nothing here was measured."""
