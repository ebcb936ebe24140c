"""Labelled series of a user for tests."""

from dataclasses import replace

import numpy as np

from models.training_set import TrainingSet
from tests.models.builders import wavy_series
from training.labels.sample_pixels import LabelledSet

CLASSES = ("non_crop", "crop")


def user_set(count: int = 48) -> LabelledSet:
    """Half of the series peak in summer, half in winter; six blocks with both."""
    series = wavy_series(count, dates=46)
    codes = np.arange(count) % 2
    days = np.where(codes[:, None] == 1, series.days, series.days + 180).astype(np.int32)
    series = replace(series, days=days)
    return LabelledSet(
        training=TrainingSet(
            name="user",
            licence="made for a test",
            series=series,
            places=np.array([f"block_{i // 2 % 6}" for i in range(count)]),
            labels={"crop": codes.astype(np.int8)},
        ),
        reference_days=series.days[:, -1],
        owners=np.arange(count),
        classes=CLASSES,
        task="crop",
        block_km=10.0,
        facts={"file": "fields.gpkg", "left_out": [], "dates": "2018-01-01 to 2018-01-01"},
    )
