"""Whatever runs a network, the answer is the same."""

import numpy as np
import pytest

from models.inference.backend import Backend
from models.inference.choose import load_backend
from models.inference.torch_device import load
from models.registry import is_class_network
from tests.models.inference.inputs import SHIPPED, inputs_of, shipped

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", SHIPPED)
def test_torch_answers_what_onnx_runtime_answers(name: str) -> None:
    checkpoint = shipped(name)
    inputs, with_states = inputs_of(checkpoint), is_class_network(checkpoint)
    backends: list[Backend] = [load_backend(checkpoint, threads=1), load(checkpoint, "cpu", "float32")]
    expected, found = (b.run(*inputs, with_states=with_states) for b in backends)
    assert len(expected) == len(found) == 1 + with_states
    for one, other in zip(expected, found, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(other, one, atol=1e-4)


@pytest.mark.parametrize("name", SHIPPED)
def test_back_ends_agree_on_what_they_can_output(name: str) -> None:
    checkpoint = shipped(name)
    backends = (load_backend(checkpoint, threads=1), load(checkpoint, "cpu", "float32"))
    assert [b.has_states for b in backends] == [is_class_network(checkpoint)] * 2
    assert [b.name for b in backends] == ["onnxruntime cpu float32", "torch cpu float32"]
    assert all(b.batch > 0 for b in backends)
    assert len({b.reads_tokens for b in backends}) == 1
