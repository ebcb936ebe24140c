"""Export: a trained network as an ONNX file, checked against torch on the spot.

The graph is made for CPUs: heads run one after the other (models/network/heads.py), and a class network also outputs
what its heads say without the trees, which models/inference/fast_trees.py then adds.
"""

from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from core.errors import InvalidCheckpoint
from models.network.class_network import ClassNetwork
from models.network.earthpt import EarthPT
from models.network.heads import Heads, OneByOne
from models.registry import HEAD_LOGITS, STATES

TOLERANCE = 1e-4
"""Largest difference allowed between ONNX Runtime and torch, in units of the outputs (order one)."""
OPSET = 20
FORECAST_OUTPUTS = ("quantiles",)
CLASS_OUTPUTS = ("logits", STATES, HEAD_LOGITS)


class _Outputs(nn.Module):
    """A network with the outputs of its ONNX graph."""

    def __init__(self, network: EarthPT | ClassNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, ...]:
        """Return quantiles (B, H, Q); or class logits (B, K), states (B, 2 D) and logits without the trees (B, K)."""
        if isinstance(self.network, ClassNetwork):
            states = self.network.read(tokens, is_padding)
            of_heads = self.network.head_logits(states, queries[:, 0]).mean(0)
            return self.network.with_trees(of_heads, queries), states, of_heads
        return (self.network.forward(tokens, is_padding, queries),)


def export_onnx(network: EarthPT | ClassNetwork, path: Path) -> float:
    """Write the ONNX file and return its largest difference from torch on random inputs.

    Raises:
        InvalidCheckpoint: the difference is above the tolerance.
    """
    outputs = _Outputs(_one_by_one(network)).eval()
    example = _random_inputs(network, batch=3, length=7, queries=1 if isinstance(network, ClassNetwork) else 5)
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=1024)
    queries = {} if isinstance(network, ClassNetwork) else {1: torch.export.Dim("queries", min=2, max=1024)}
    shapes = ({0: batch, 1: length}, {0: batch, 1: length}, {0: batch, **queries})
    program = torch.onnx.export(
        outputs,
        example,
        output_names=list(CLASS_OUTPUTS if isinstance(network, ClassNetwork) else FORECAST_OUTPUTS),
        dynamo=True,
        dynamic_shapes=shapes,
        opset_version=OPSET,
        verbose=False,
    )
    if program is None:
        raise InvalidCheckpoint(path, "the ONNX exporter returned no graph")
    onnx.save(without_traces(program.model_proto), path)
    difference = largest_difference(network, path)
    if difference > TOLERANCE:
        raise InvalidCheckpoint(path, f"ONNX differs from torch by {difference:.1e}")
    return difference


def _one_by_one(network: EarthPT | ClassNetwork) -> EarthPT | ClassNetwork:
    """Return a copy of a network whose heads run one after the other."""
    copied = deepcopy(network)
    for name, part in list(copied.named_modules()):
        if isinstance(part, Heads):
            copied.set_submodule(name, OneByOne(part))
    return copied


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what the exporter notes of the code and machine it ran on; the computation is untouched."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    return model


def largest_difference(network: EarthPT | ClassNetwork, path: Path) -> float:
    """Return how far the outputs of an ONNX file are from those of a network, at most, on random inputs."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = _random_inputs(network, batch=5, length=11, queries=1 if isinstance(network, ClassNetwork) else 9)
    with torch.no_grad():
        expected = [out.numpy() for out in _Outputs(network.eval())(*inputs)]
    names = [i.name for i in session.get_inputs()]
    got = session.run(None, {n: x.numpy() for n, x in zip(names, inputs, strict=True)})
    return max(float(np.abs(np.asarray(g) - e).max()) for g, e in zip(got, expected, strict=True))


def _random_inputs(
    network: EarthPT | ClassNetwork, *, batch: int, length: int, queries: int
) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randn(batch, length, network.config.token_features, generator=draw)
    is_padding = torch.arange(length)[None] >= torch.tensor([length, *[length // 2] * (batch - 1)])[:, None]
    drawn = torch.randn(batch, queries, network.config.query_features, generator=draw)
    return tokens, is_padding, drawn
