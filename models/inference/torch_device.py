"""torch on a CUDA card, or on the CPU in tests: networks from their safetensors, in batches that fit the memory."""

import logging

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.bands import Floats
from core.checkpoint import Checkpoint, Precision
from models.checkpoint import load_class_network, load_network
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.registry import is_class_network

BATCH = 1024
"""Series per call: the arrays of their features stay below 200 MB."""
MOST_ROWS = 16384
"""Series per run of the network at first, for which trees take 15 GB; halved whenever there is no memory for them."""
DTYPES: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}

logger = logging.getLogger(__name__)


class TorchBackend:
    """A Backend (models/inference/backend.py) by torch."""

    batch = BATCH

    def __init__(self, network: EarthPT | ClassNetwork, device: str, precision: Precision = "float32") -> None:
        """Move a network to a device.

        Args:
            device: `cuda`, `cuda:1`, `cpu`.
            precision: of weights and states; trees compare in float32 whatever it is.
        """
        self.device, self._dtype = torch.device(device), DTYPES[precision]
        self.network = in_precision(network, self._dtype).to(self.device)
        self.name = f"torch {self.device.type} {precision}"
        self.has_states = isinstance(network, ClassNetwork)
        self.rows = MOST_ROWS

    def run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Run the network on as many rows at a time as the device has memory for.

        Raises:
            torch.OutOfMemoryError: there is not even memory for one series.
        """
        parts: list[list[Floats]] = []
        done = 0
        while done < len(tokens):
            rows = slice(done, done + self.rows)
            try:
                parts.append(self._run(tokens[rows], is_padding[rows], queries[rows], with_states=with_states))
            except torch.OutOfMemoryError:
                self._halve(min(self.rows, len(tokens) - done))
                continue
            done += self.rows
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def _halve(self, rows: int) -> None:
        """Take half as many rows from now on; called while the error is handled, and raises it again at one row."""
        if rows <= 1:
            raise
        self.rows = rows // 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.warning("out of memory on %s, next try with rows=%d", self.device, self.rows)

    def _run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool
    ) -> list[Floats]:
        outputs = self.on_device(*(self._moved(a) for a in (tokens, is_padding, queries)))
        return [_fetched(out) for out in outputs[: 2 if with_states else 1]]

    @torch.inference_mode()
    def on_device(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, ...]:
        """Run the network on tensors of the device; return its outputs there, states of class networks last."""
        if not isinstance(self.network, ClassNetwork):
            return (self.network(tokens.to(self._dtype), is_padding, queries.to(self._dtype)),)
        states = self.network.read(tokens.to(self._dtype), is_padding)
        return self.network.classify_states(states, queries), states

    def _moved(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device, non_blocking=True)


def load(checkpoint: Checkpoint, device: str, precision: Precision) -> TorchBackend:
    """Load the network of a checkpoint, weights only, on a device.

    Raises:
        InvalidCheckpoint: the weights do not fit the network that the card describes.
    """
    network = load_class_network(checkpoint) if is_class_network(checkpoint) else load_network(checkpoint)
    return TorchBackend(network, device, precision)


def in_precision(network: EarthPT | ClassNetwork, dtype: torch.dtype) -> EarthPT | ClassNetwork:
    """Return the network with its parameters in a precision; trees are buffers, and compare in float32 as before."""
    for parameter in network.parameters():
        parameter.data = parameter.data.to(dtype)
    return network.eval()


def _fetched(output: Tensor) -> Floats:
    return np.asarray(output.float().cpu().numpy(), np.float32)
