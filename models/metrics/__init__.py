"""Scores of forecasts and classes, with intervals."""
