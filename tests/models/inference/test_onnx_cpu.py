"""ONNX Runtime on the CPU."""

from pathlib import Path

import numpy as np

from models.inference.onnx_cpu import OnnxBackend
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


def test_states_are_output_where_they_are_wanted() -> None:
    checkpoint = shipped("crop")
    backend, inputs = OnnxBackend(Path(checkpoint.folder), threads=1), inputs_of(checkpoint)
    assert [a.shape for a in backend.run(*inputs)] == [(9, 2)]
    assert [a.shape for a in backend.run(*inputs, with_states=True)] == [(9, 2), (9, 128)]
