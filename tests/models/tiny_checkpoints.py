"""Checkpoints small enough for tests, written into a folder of models where they are found before the shipped ones."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from models.calibration import applicability
from models.checkpoint import save_checkpoint
from models.registry import APPLICABILITY
from tests.models.builders import TINY, tiny_class_network, tiny_network

CLASSES = {"canopy": ("none", "conifer", "broadleaf"), "crop": ("non_crop", "crop")}
FORECASTER = "tiny-forecaster"


def write_forecaster(models: Path) -> Path:
    """Write a forecaster with random weights; return its card."""
    card = {"name": FORECASTER, "task": "forecast", "default": True, "classes": [], "training_data": []}
    return _saved(tiny_network(members=2), models / FORECASTER, card)


def write_class_model(models: Path, task: str, **card: Any) -> Path:
    """Write a class model of random weights and trees that is the default of its task; return its card."""
    name = f"tiny-{task}"
    content = {
        "name": name,
        "task": task,
        "default": True,
        "classes": list(CLASSES[task]),
        "training_data": [],
        "trunk_sha256": "ab" * 32,
        "calibration": {"temperature": 1.5},
        "prediction_sets": {"coverage": 0.9, "kind": "lac", "threshold": 0.7},
        "run": {"trunk": FORECASTER},
        **card,
    }
    written = _saved(tiny_class_network(classes=len(CLASSES[task])), models / name, content)
    states = np.random.default_rng(0).normal(size=(60, 2 * TINY.width)).astype(np.float32)
    applicability.fit(states, np.arange(60) % 5).save(models / name / APPLICABILITY)
    return written


def _saved(network: Any, folder: Path, card: dict[str, Any]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's ONNX exporter warns of itself
        return save_checkpoint(network, folder, card)
