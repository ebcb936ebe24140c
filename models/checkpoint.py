"""Checkpoints on disk: weights as safetensors, the ONNX graph, and the card that ties them together. No training."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from core.errors import InvalidCheckpoint
from core.product import Checkpoint
from models.earthpt import EarthPT, EarthPTConfig
from models.export import export_onnx
from models.registry import CARD, NETWORK, WEIGHTS, sha256_of


def save_checkpoint(network: EarthPT, folder: Path, card: dict[str, Any]) -> Path:
    """Write weights, ONNX graph and card into a folder.

    Args:
        card: name, task, classes, training data and licences, split, accuracy, command; configuration, parameter count,
            sha256 and the ONNX check are filled in here.

    Returns:
        The path of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = network.eval().cpu()
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / WEIGHTS)
    difference = export_onnx(network, folder / NETWORK)
    complete = {
        **card,
        "network": network.config.to_json(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "onnx_largest_difference": float(f"{difference:.1e}"),
        "sha256": {file: sha256_of(folder / file) for file in (WEIGHTS, NETWORK)},
    }
    path = folder / CARD
    path.write_text(json.dumps(complete, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load_network(checkpoint: Checkpoint) -> EarthPT:
    """Load the torch network of a checkpoint, weights only, for training or inspection.

    Raises:
        InvalidCheckpoint: the weights do not fit the network that the card describes.
    """
    known = {f.name for f in fields(EarthPTConfig)}
    config = EarthPTConfig(**{k: v for k, v in checkpoint.card["network"].items() if k in known})
    network = EarthPT(config)
    path = Path(checkpoint.folder) / WEIGHTS
    try:
        network.load_state_dict(load_file(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidCheckpoint(path, str(error).splitlines()[0]) from None
    return network.eval()


def with_class_head(trunk: EarthPT, classes: int) -> EarthPT:
    """Return a copy of a network with a fresh head of K classes."""
    config = EarthPTConfig(**{**trunk.config.to_json(), "classes": classes})
    network = EarthPT(config)
    kept = {k: v for k, v in trunk.state_dict().items() if not k.startswith("to_classes")}
    network.load_state_dict(kept, strict=False)
    return network
