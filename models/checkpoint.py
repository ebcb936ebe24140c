"""Checkpoints on disk: weights as safetensors, the ONNX graph, and the card that ties them together. No training."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from core.checkpoint import Checkpoint
from core.errors import InvalidCheckpoint
from models.export import export_onnx
from models.network.class_network import ClassConfig, ClassNetwork
from models.network.earthpt import EarthPT, EarthPTConfig
from models.registry import CARD, NETWORK, WEIGHTS, is_class_network, sha256_of


def save_checkpoint(network: EarthPT | ClassNetwork, folder: Path, card: dict[str, Any]) -> Path:
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
    """Load the torch network of a forecaster, weights only, for training or inspection.

    Raises:
        InvalidCheckpoint: the weights do not fit the network that the card describes, or it is no forecaster.
    """
    if is_class_network(checkpoint):
        raise InvalidCheckpoint(checkpoint.folder, "it maps classes, and a forecaster is needed")
    network = EarthPT(EarthPTConfig.from_json(checkpoint.card["network"]))
    _fill(network, checkpoint)
    return network.eval()


def load_class_network(checkpoint: Checkpoint) -> ClassNetwork:
    """Load the torch network of a class model, weights only.

    Raises:
        InvalidCheckpoint: the weights do not fit the network that the card describes, or it is none of class heads.
    """
    if not is_class_network(checkpoint):
        raise InvalidCheckpoint(checkpoint.folder, "an earlier landcast made it, or it is no class model")
    network = ClassNetwork(ClassConfig.from_json(checkpoint.card["network"]))
    _fill(network, checkpoint)
    return network.eval()


def _fill(network: nn.Module, checkpoint: Checkpoint) -> None:
    path = Path(checkpoint.folder) / WEIGHTS
    try:
        network.load_state_dict(load_file(path))
    except RuntimeError:
        raise InvalidCheckpoint(
            path, "it does not fit the network; an earlier landcast made it, make it again"
        ) from None
    except (OSError, ValueError) as error:
        raise InvalidCheckpoint(path, str(error).splitlines()[0]) from None
