"""ONNX Runtime on the CPU: the back end where no card is. It runs the graph of a checkpoint as it was exported."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bands import Floats
from models.registry import NETWORK, STATES

BATCH = 64
"""Series per run of the network: larger batches are slower on CPUs (activations leave the cache)."""
PROVIDERS = ("CPUExecutionProvider",)


class OnnxBackend:
    """A Backend (models/inference/backend.py) by ONNX Runtime."""

    name = "onnxruntime cpu float32"
    batch = BATCH

    def __init__(self, folder: Path, threads: int) -> None:
        """Load the graph of a checkpoint's folder; threads 0 = all cores."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(folder / NETWORK), options, providers=list(PROVIDERS))

    @property
    def has_states(self) -> bool:
        """Return whether the graph outputs the states."""
        return STATES in [o.name for o in self._session.get_outputs()]

    def run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Return the first output of the graph, and the states if wanted; no other is computed."""
        if tokens.shape[1] == 1:  # the exported graph needs at least two tokens
            tokens = np.pad(tokens, ((0, 0), (0, 1), (0, 0)))
            is_padding = np.pad(is_padding, ((0, 0), (0, 1)), constant_values=True)
        count = queries.shape[1]
        if self._session.get_inputs()[2].shape[1] != 1 and count == 1:  # likewise at least two queries
            queries = np.repeat(queries, 2, axis=1)
        names = [i.name for i in self._session.get_inputs()]
        outputs = [self._session.get_outputs()[0].name, *([STATES] if with_states else [])]
        answers = self._session.run(outputs, dict(zip(names, (tokens, is_padding, queries), strict=True)))
        return [np.asarray(a[:, :count] if a.ndim == 3 else a, np.float32) for a in answers]
