"""Write the ONNX graphs of checkpoints again, from their weights: `python -m models.graph FOLDER ...`.

A landcast that makes faster graphs gives them to models of an earlier one so; weights and answers stay as they are.
"""

import argparse
import json
from pathlib import Path

from core.checkpoint import Checkpoint
from models.checkpoint import load_class_network, load_network
from models.export import export_onnx
from models.registry import CARD, NETWORK, WEIGHTS, is_class_network, sha256_of


def write_again(folder: Path) -> float:
    """Write the graph of a checkpoint's folder again, and its checksum on the card.

    Returns:
        The largest difference of the new graph from torch, on random inputs.

    Raises:
        InvalidCheckpoint: the weights do not fit the card, or the graph differs from torch.
    """
    path = folder / CARD
    card = json.loads(path.read_text(encoding="utf-8"))
    checkpoint = Checkpoint(
        name=card["name"], task=card["task"], sha256=card["sha256"][WEIGHTS], folder=str(folder), card=card
    )
    load = load_class_network if is_class_network(checkpoint) else load_network
    difference = export_onnx(load(checkpoint), folder / NETWORK)
    card["onnx_largest_difference"] = float(f"{difference:.1e}")
    card["sha256"] = {**card["sha256"], NETWORK: sha256_of(folder / NETWORK)}
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return difference


def main() -> None:
    """Write the graphs of the folders named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folder of a checkpoint")
    for folder in parser.parse_args().folders:
        write_again(folder)


if __name__ == "__main__":
    main()
