"""ONNX Runtime on the CPU."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from models.checkpoint import save_checkpoint
from models.inference.onnx_cpu import OnnxBackend
from models.network.class_network import ClassNetwork
from models.registry import NETWORK, STATES
from tests.models.builders import tiny_class_network
from tests.models.inference.inputs import inputs_of, shipped


def test_one_token_and_one_query_are_answered_as_among_others() -> None:
    checkpoint = shipped("earthpt-small")
    backend = OnnxBackend(Path(checkpoint.folder), threads=1)
    tokens, is_padding, queries = inputs_of(checkpoint)
    is_padding[:, 1:] = True  # one date each
    many = backend.run(tokens, is_padding, queries)[0]
    one = backend.run(tokens[:, :1], is_padding[:, :1], queries[:, :1])[0]
    assert one.shape == (9, 1, 5)
    np.testing.assert_allclose(one, many[:, :1], atol=2e-5)


@pytest.mark.parametrize(("layer", "reads_tokens"), [("none", False), ("last", True)])
@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
def test_heads_that_read_no_states_are_run_without_the_trunk(layer: str, reads_tokens: bool, tmp_path: Path) -> None:
    network = tiny_class_network(layer=layer)
    save_checkpoint(network, tmp_path, {"name": "tiny", "task": "canopy"})
    backend = OnnxBackend(tmp_path, threads=1)
    tokens, is_padding, queries = inputs(network)
    with torch.no_grad():
        expected = network.classify(*map(torch.from_numpy, (tokens, is_padding, queries))).numpy()
        states = network.read(torch.from_numpy(tokens), torch.from_numpy(is_padding)).numpy()
    assert (backend.reads_tokens, backend.has_states) == (reads_tokens, True)
    given = tokens if reads_tokens else tokens[..., :0]
    np.testing.assert_allclose(backend.run(given, is_padding, queries)[0], expected, atol=1e-5)
    for one, other in zip(backend.run(tokens, is_padding, queries, with_states=True), (expected, states), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
def test_a_graph_with_trees_that_tells_no_states_is_said_to_have_none(tmp_path: Path) -> None:
    save_checkpoint(tiny_class_network(layer="none"), tmp_path, {"name": "tiny", "task": "canopy"})
    model = onnx.load(tmp_path / NETWORK)
    kept = [output for output in model.graph.output if output.name != STATES]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    onnx.save(model, tmp_path / NETWORK)
    assert not OnnxBackend(tmp_path, threads=1).has_states


def inputs(network: ClassNetwork, count: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng, config = np.random.default_rng(0), network.config
    is_padding = np.arange(7) >= np.array([[7], *[[4]] * (count - 1)])
    tokens = rng.normal(size=(count, 7, config.token_features)).astype(np.float32)
    return tokens, is_padding, rng.normal(size=(count, 1, config.query_features)).astype(np.float32)


def test_states_are_output_where_they_are_wanted() -> None:
    checkpoint = shipped("crop")
    backend, inputs = OnnxBackend(Path(checkpoint.folder), threads=1), inputs_of(checkpoint)
    assert [a.shape for a in backend.run(*inputs)] == [(9, 2)]
    assert [a.shape for a in backend.run(*inputs, with_states=True)] == [(9, 2), (9, 128)]
