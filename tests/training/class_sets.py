"""Training sets and a run of a class model for the tests of folds: seconds on one thread."""

from dataclasses import replace

import numpy as np

from models.training_set import TrainingSet
from tests.training.tiny_training import small_set
from training.runs import Run

RUN = Run(
    name="tiny-crop",
    task="crop",
    mixture={"waves": 0.6, "others": 0.2, "made-up": 0.2},
    holdout="waves",
    classes=("non_crop", "crop"),
    months=12,
    members=2,
    copies=1,
    trees=4,
    steps=4,
    batch=8,
    check_every=2,
    warmup=2,
    average=0.5,
)


def sets() -> dict[str, TrainingSet]:
    """Two real sets, of which one knows also what is not crop, and a simulated one."""
    others = small_set("others", 30)
    others.labels["crop"][:6] = [-1, -2, -3, 0, 1, -2]
    return {
        "waves": small_set("waves", 60),
        "others": replace(others, places=np.array([f"other {p}" for p in others.places])),
        "made-up": replace(small_set("made-up", 20), is_simulated=True),
    }
