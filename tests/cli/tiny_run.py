"""A fine-tuning that takes seconds, as one of the named runs; run as a program, it is `landcast` with that run."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from cli.main import main
from models.training_set import TrainingSet
from tests.training.tiny_training import small_set
from training.datasets import LOADERS
from training.runs import RUNS, Run

NAME = "tiny-crop"
RUN = Run(
    name=NAME,
    task="crop",
    trunk="earthpt-small",
    mixture={"waves": 1.0},
    holdout="waves",
    classes=("non_crop", "crop"),
    months=12,
    members=2,
    copies=1,
    trees=3,
    average=0.5,
    steps=6,
    batch=4,
    check_every=2,
    warmup=2,
)


def _load(_folder: Path, _seed: int) -> TrainingSet:
    return small_set()


def entries() -> list[tuple[MutableMapping[str, Any], str, Any]]:
    """Return what to add to which table."""
    return [(RUNS, NAME, RUN), (LOADERS, "waves", _load)]  # type: ignore[list-item]


if __name__ == "__main__":
    for table, name, entry in entries():
        table[name] = entry
    main()
