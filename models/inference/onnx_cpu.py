"""ONNX Runtime on the CPU: the back end where no card is. It runs the graph of a checkpoint as it was exported.

Of a class model the part that an answer needs is run: heads that read features alone need no trunk, and
models/inference/fast_trees.py adds the trees. A call runs on one core; models/inference/parts.py makes several at once.
Threads inside ONNX Runtime took twice the processor time for the same answers: these products are small, and threads
that wait for the next one spin.
"""

import os
from functools import cached_property
from pathlib import Path
from threading import Lock

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
        self._path, trees = folder / NETWORK, load_trees(folder)
        heads = part_of(self._path, [HEAD_LOGITS]) if trees else b""
        self._trees = trees if heads else None
        self._session, self._starting = _start(heads or str(self._path)), Lock()
        self._names = [output.name for output in self._session.get_outputs()]

    @property
    def has_states(self) -> bool:
        """Return whether the graph outputs the states."""
        return self._trees is not None or STATES in self._names

    @property
    def reads_tokens(self) -> bool:
        """Return whether the part of the graph that gives logits reads them."""
        return len(self._session.get_inputs()) > 1

    @cached_property
    def _with_states(self) -> onnxruntime.InferenceSession:
        """The part that outputs logits of heads and states, which few maps ask for."""
        return _start(part_of(self._path, [HEAD_LOGITS, STATES]))

    def run(
        self, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats, *, with_states: bool = False
    ) -> list[Floats]:
        """Return the first output of the graph, with the trees, and the states if wanted."""
        session, wanted = self._session, [self._names[0], *([STATES] if with_states else [])]
        if with_states and self._trees is not None:
            with self._starting:
                session = self._with_states
        answers = _run(session, wanted, tokens, is_padding, queries)
        if self._trees is not None:
            answers[0] = self._trees.added(answers[0], queries[:, 0])
        return answers


def _run(
    session: onnxruntime.InferenceSession,
    outputs: list[str],
    tokens: Floats,
    is_padding: NDArray[np.bool_],
    queries: Floats,
) -> list[Floats]:
    if tokens.shape[1] == 1:  # the exported graph needs at least two tokens
        tokens = np.pad(tokens, ((0, 0), (0, 1), (0, 0)))
        is_padding = np.pad(is_padding, ((0, 0), (0, 1)), constant_values=True)
    count, inputs = queries.shape[1], session.get_inputs()
    if inputs[-1].shape[1] != 1 and count == 1:  # likewise at least two queries
        queries = np.repeat(queries, 2, axis=1)
    given = {i.name: array for i, array in zip(inputs, (tokens, is_padding, queries)[-len(inputs) :], strict=True)}
    answers = session.run(outputs, given)
    return [np.asarray(a[:, :count] if a.ndim == 3 else a, np.float32) for a in answers]


def part_of(path: Path, outputs: list[str]) -> bytes:
    """Return the part of a class model's graph that gives some outputs, from queries or all inputs; empty of others.

    ONNX Runtime computes all that a graph holds, whatever is wanted of it.
    """
    import onnx.utils  # takes most of a second, which networks without trees need not wait for

    model = onnx.load(path)
    if not {HEAD_LOGITS, STATES} <= {output.name for output in model.graph.output}:
        return b""  # of an earlier landcast
    part = onnx.utils.Extractor(model).extract_model([given.name for given in model.graph.input], outputs)
    *before, queries = part.graph.input
    if not {given.name for given in before} & {name for node in part.graph.node for name in node.input}:
        del part.graph.input[:]
        part.graph.input.append(queries)
    return bytes(part.SerializeToString())


def _start(graph: bytes | str) -> onnxruntime.InferenceSession:
    """Return a session of a graph or of a file of one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=list(PROVIDERS), disabled_optimizers=list(LEFT_OUT))


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
