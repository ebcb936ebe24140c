"""Labelled sets in which some series change their class."""

from dataclasses import replace

import numpy as np

from models.training_set import TrainingSet
from tests.training.tiny_training import small_set


def changing(count: int = 40) -> TrainingSet:
    """Series of class 1 that turned 0 on a day in the middle, every second one; the others never changed."""
    source = small_set(count=count)
    source.labels["crop"][:] = np.arange(count) % 2
    day = source.series.days[:, source.series.days.shape[1] * 3 // 4].astype(float)
    changed = np.where(np.arange(count) % 2 == 0, day, np.inf)
    before = np.ones(count, np.int8)
    return replace(
        source, labels_before={"canopy": before}, labels={"canopy": source.labels["crop"]}, changed_on=changed
    )
