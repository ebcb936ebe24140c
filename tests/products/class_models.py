"""Class models on disk, tiny and with random weights: what stands on their cards is made up, and complete."""

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from models.calibration import applicability
from models.checkpoint import save_checkpoint
from models.registry import APPLICABILITY, CARD, REPORT, find_named
from models.runtime import classify_with_states
from products import canopy, crop
from tests.models.builders import tiny_class_network, wavy_series

SETS = {"coverage": 0.8, "kind": "lac", "threshold": 0.6}
CLASSES = {
    "crop": ("non_crop", "crop"),
    "canopy": ("none", "conifer", "broadleaf"),
    "types": ("other", "winter_wheat", "maize"),
    "rice": ("other", "rice"),
}
"""Classes by the name of a model; all but canopy are of the task crop."""
MONTHS = {"crop": crop.MONTHS, "canopy": canopy.MONTHS}


def write_class_models(folder: Path) -> Path:
    """Write a model for each entry of CLASSES; networks with as many classes have the same weights."""
    donors: dict[int, Path] = {}
    for name, classes in CLASSES.items():
        own, donor = folder / name, donors.get(len(classes))
        if donor is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the exporter warns about its own internals
                save_checkpoint(tiny_class_network(classes=len(classes)), own, {})
            donors[len(classes)] = own
        else:
            shutil.copytree(donor, own)
        change_card(own, **_facts(name, classes))
        (own / REPORT).write_text(f"<html>{name}</html>", encoding="utf-8")
        learned_from(named(folder, name), wavy_series(40, seed=5))
    return folder


def change_card(folder: Path, /, **facts: Any) -> None:
    """Change facts of a card; None removes one."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8")) | facts
    (folder / CARD).write_text(json.dumps({k: v for k, v in card.items() if v is not None}), encoding="utf-8")


def copied(models: Path, name: str, folder: Path, /, **facts: Any) -> Path:
    """Return a folder of models with a copy of one of them, its card changed."""
    shutil.copytree(models / name, folder / name)
    change_card(folder / name, **facts)
    return folder


def named(models: Path, name: str) -> Checkpoint:
    """Return a model of a folder of models."""
    return find_named(name, Settings(models=models))


def learned_from(checkpoint: Checkpoint, series: Series) -> None:
    """Write an area of applicability that holds some series, seen at their ends."""
    days = (series.days.max(axis=1) + 1).astype(np.int32)
    _, states = classify_with_states(series, days, checkpoint, months=MONTHS[checkpoint.task])
    area = applicability.fit(states, np.arange(len(series)) % 4)
    area.save(Path(checkpoint.folder) / APPLICABILITY)


def _facts(name: str, classes: tuple[str, ...]) -> dict[str, Any]:
    task = "canopy" if name == "canopy" else "crop"
    calibration = {"temperature": 1.5, "bias": list(np.linspace(-0.2, 0.2, len(classes)))}
    facts = {"name": name, "task": task, "default": False, "classes": list(classes)}
    return {**facts, "calibration": calibration, "prediction_sets": SETS}
