"""Checkpoint: weights and their card, found on disk. Nothing is loaded here; where they lie: models/registry.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights and their card, found but not loaded."""

    name: str
    task: str
    """`forecast`, `canopy` or `crop`."""
    sha256: str
    """Of the safetensors file."""
    folder: str
    """Where the files lie."""
    card: Mapping[str, Any]
    """Inputs, normalisation, training data and licences, accuracy, command."""


NO_MODEL = Checkpoint(name="none", task="", sha256="", folder="", card={})
"""Of products that need no model: their task is empty."""
