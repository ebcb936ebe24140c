"""Checkpoint: weights and their card, found on disk. Nothing is loaded here; where they lie: models/registry.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Device = Literal["auto", "cpu", "cuda"]
"""Where networks run; `auto`: on a CUDA card where torch sees one, else on the CPU."""
Precision = Literal["float32", "bfloat16"]
"""Of weights and states on a card."""


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
    device: Device = "cpu"
    """Where it is to run, as the settings say."""
    precision: Precision = "float32"
    """In which precision it is to run on a card; on the CPU it is float32."""


NO_MODEL = Checkpoint(name="none", task="", sha256="", folder="", card={})
"""Of products that need no model: their task is empty."""
