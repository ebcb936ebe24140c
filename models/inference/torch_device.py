"""torch on a CUDA card, or on the CPU in tests: features, network and calibration, in batches that fit the memory."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.bands import Floats
from core.checkpoint import Checkpoint, Precision
from core.cube import Series
from core.forecast import QUANTILES
from core.timeline import Days
from models.checkpoint import load_class_network, load_network
from models.inference.chain import class_rows, forecast_rows, shown
from models.inference.features.upload import Sender
from models.inference.work import ClassWork, ForecastWork
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.registry import is_class_network

BATCH = 1024
"""Series per call: the arrays of their features stay below 200 MB."""
MOST_ROWS = 16384
"""Series per run of the network at first, for which trees take 15 GB; halved whenever there is no memory for them."""
DTYPES: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}

Sent = tuple[Tensor | None, ...]

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
        self.reads_tokens = not isinstance(network, ClassNetwork) or network.config.has_heads_on_states
        self.rows = MOST_ROWS
        self._sender = Sender(self.device)

    def run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Run the network on as many rows at a time as the device has memory for.

        Raises:
            torch.OutOfMemoryError: there is not even memory for one series.
        """
        parts: list[list[Floats]] = []
        self.in_batches(
            len(tokens),
            send=lambda rows: (tokens[rows], is_padding[rows], queries[rows]),
            work=partial(self.on_device, with_states=with_states),
            fetch=lambda _, outputs: parts.append([_fetched(o) for o in outputs]),
        )
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def forecast(
        self, series: Series, issue_days: Days, target_days: Days, work: ForecastWork
    ) -> tuple[Floats, Floats]:
        """Return quantiles and climatology as `WholeBackend` says; from series to both nothing leaves the device."""
        quantiles = np.empty((*target_days.shape, len(QUANTILES)), np.float32)
        climatology = np.empty(target_days.shape, np.float32)
        self.in_batches(
            len(series),
            send=lambda rows: (series.days[rows], shown(series, rows, work), issue_days[rows], target_days[rows]),
            work=partial(forecast_rows, self, work),
            fetch=partial(_into, (quantiles, climatology)),
        )
        return quantiles, climatology

    def classify(self, series: Series, reference_days: Days, work: ClassWork) -> tuple[Floats, Floats]:
        """Return probabilities and states as `WholeBackend` says."""
        parts: list[tuple[Floats, ...]] = []
        static = series.static
        self.in_batches(
            len(series),
            send=lambda rows: (
                series.days[rows],
                series.values[rows],
                None if static is None else static[rows],
                reference_days[rows],
            ),
            work=partial(class_rows, self, work),
            fetch=lambda _, outputs: parts.append(tuple(_fetched(o) for o in outputs)),
        )
        share, states = (np.concatenate(each) for each in zip(*parts, strict=True))
        return share, states

    def in_batches(
        self,
        count: int,
        *,
        send: Callable[[slice], Sequence[NDArray[Any] | None]],
        work: Callable[..., tuple[Tensor, ...]],
        fetch: Callable[[slice, tuple[Tensor, ...]], object],
    ) -> None:
        """Work on as many rows at a time as there is memory for; the next ones are sent while the device works.

        Args:
            send: rows -> arrays of the host; work: those on the device -> outputs there; fetch: takes the outputs.

        Raises:
            torch.OutOfMemoryError: there is not even memory for one row.
        """
        done, ahead = 0, None
        inputs: Sent | None
        outputs: tuple[Tensor, ...] | None
        while done < count:
            rows = slice(done, min(done + self.rows, count))
            try:
                inputs = ahead or self._sender.send(*send(rows))
                self._sender.arrived(inputs)
                outputs = work(*inputs)
                following = slice(rows.stop, min(rows.stop + self.rows, count))
                ahead = self._sender.send(*send(following)) if rows.stop < count else None
                fetch(rows, outputs)
            except torch.OutOfMemoryError:
                inputs = outputs = ahead = None
                self._halve(rows.stop - rows.start)
                continue
            done = rows.stop

    def _halve(self, rows: int) -> None:
        """Take half as many rows from now on; called while the error is handled, and raises it again at one row."""
        if rows <= 1:
            raise
        self.rows = rows // 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.warning("out of memory on %s, next try with rows=%d", self.device, self.rows)

    @torch.inference_mode()
    def on_device(
        self, tokens: Tensor, is_padding: Tensor, queries: Tensor, *, with_states: bool = False
    ) -> tuple[Tensor, ...]:
        """Run the network on tensors of the device; return its outputs there, states that are wanted last."""
        if not isinstance(self.network, ClassNetwork):
            return (self.network(tokens.to(self._dtype), is_padding, queries.to(self._dtype)),)
        is_read = with_states or self.reads_tokens
        states = self.network.read(tokens.to(self._dtype), is_padding) if is_read else self._no_states(tokens)
        logits = self.network.classify_states(states, queries)
        return (logits, states) if with_states else (logits,)

    def _no_states(self, tokens: Tensor) -> Tensor:
        """Return (B, 0) for heads that read none."""
        return torch.zeros(len(tokens), 0, dtype=self._dtype, device=self.device)


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


def _into(arrays: Sequence[Floats], rows: slice, outputs: Sequence[Tensor]) -> None:
    """Copy outputs of the device to the rows of arrays."""
    for array, output in zip(arrays, outputs, strict=True):
        torch.from_numpy(array[rows]).copy_(output)
