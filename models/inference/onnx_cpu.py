"""ONNX Runtime on the CPU: the back end where no card is. It runs the graph of a checkpoint as it was exported.

A call runs on one core; models/inference/parts.py makes several at once. Threads inside ONNX Runtime took twice the
processor time for the same answers: these products are small, and threads that wait for the next one spin.
"""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bands import Floats
from models.inference.fast_trees import load_trees
from models.registry import HEAD_LOGITS, NETWORK, STATES

BATCH = 64
"""Series per run of the network: larger batches are slower on CPUs (activations leave the cache)."""
PROVIDERS = ("CPUExecutionProvider",)
LEFT_OUT = ("SkipLayerNormFusion",)
"""Steps of ONNX Runtime's optimiser: its fused sum and norm takes five times as long as the two apart."""


class OnnxBackend:
    """A Backend (models/inference/backend.py) by ONNX Runtime."""

    name = "onnxruntime cpu float32"
    batch = BATCH

    def __init__(self, folder: Path, threads: int) -> None:
        """Load the graph of a checkpoint's folder; threads 0 = all cores."""
        self.at_once = threads or cores()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        trees = load_trees(folder)
        without = trees and without_trees(folder / NETWORK)
        self._trees = trees if without else None
        self._session = onnxruntime.InferenceSession(
            without or str(folder / NETWORK), options, providers=list(PROVIDERS), disabled_optimizers=list(LEFT_OUT)
        )
        self._inputs = self._session.get_inputs()
        self._outputs = [output.name for output in self._session.get_outputs()]

    @property
    def has_states(self) -> bool:
        """Return whether the graph outputs the states."""
        return STATES in self._outputs

    def run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Return the first output of the graph, with the trees, and the states if wanted."""
        wanted = [self._outputs[0], *([STATES] if with_states else [])]
        answers = self._run(wanted, tokens, is_padding, queries)
        if self._trees is not None:
            answers[0] = self._trees.added(answers[0], queries[:, 0])
        return answers

    def _run(self, outputs: list[str], tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats) -> list[Floats]:
        if tokens.shape[1] == 1:  # the exported graph needs at least two tokens
            tokens = np.pad(tokens, ((0, 0), (0, 1), (0, 0)))
            is_padding = np.pad(is_padding, ((0, 0), (0, 1)), constant_values=True)
        count = queries.shape[1]
        if self._inputs[2].shape[1] != 1 and count == 1:  # likewise at least two queries
            queries = np.repeat(queries, 2, axis=1)
        given = dict(zip((i.name for i in self._inputs), (tokens, is_padding, queries), strict=True))
        answers = self._session.run(outputs, given)
        return [np.asarray(a[:, :count] if a.ndim == 3 else a, np.float32) for a in answers]


def without_trees(path: Path) -> bytes:
    """Return the part of a graph that outputs logits of heads, then states; empty where it does not output them.

    ONNX Runtime computes all that a graph holds, whatever is wanted of it.
    """
    import onnx.utils  # takes most of a second, which networks without trees need not wait for

    model = onnx.load(path)
    wanted = [HEAD_LOGITS, STATES]
    if not set(wanted) <= {output.name for output in model.graph.output}:
        return b""  # of an earlier landcast
    inputs = [given.name for given in model.graph.input]
    return bytes(onnx.utils.Extractor(model).extract_model(inputs, wanted).SerializeToString())


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
