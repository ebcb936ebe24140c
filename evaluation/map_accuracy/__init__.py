"""Accuracy and areas of a class map from reference samples."""
