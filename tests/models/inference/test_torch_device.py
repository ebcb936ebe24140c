"""torch as a back end, here on the CPU; benchmarks/devices/gpu.py repeats the equality on a card."""

import logging

import numpy as np
import pytest
import torch
from torch import Tensor

from models.inference.torch_device import TorchBackend, load
from tests.models.builders import tiny_class_network, tiny_network
from tests.models.inference.inputs import inputs_of, shipped

pytestmark = pytest.mark.usefixtures("one_thread")


class SmallMemory(TorchBackend):
    """A device with memory for three series."""

    most = 3

    def on_device(self, tokens: Tensor, *inputs: Tensor, with_states: bool = False) -> tuple[Tensor, ...]:
        """Run, or refuse as CUDA does."""
        if len(tokens) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().on_device(tokens, *inputs, with_states=with_states)


def test_without_memory_for_a_batch_it_goes_on_with_half(caplog: pytest.LogCaptureFixture) -> None:
    inputs = inputs_of(shipped("earthpt-small"), count=11)
    network = tiny_network(members=2)
    backend = SmallMemory(network, "cpu")
    with caplog.at_level(logging.WARNING):
        found = backend.run(*inputs)[0]
    np.testing.assert_allclose(found, TorchBackend(network, "cpu").run(*inputs)[0], atol=1e-5)
    assert [r.getMessage().split("=")[-1] for r in caplog.records] == ["5", "2"]
    caplog.clear()
    backend.run(*inputs)  # the size that fits is kept
    assert not caplog.records


def test_without_memory_for_one_series_it_says_so() -> None:
    backend = SmallMemory(tiny_network(members=2), "cpu")
    backend.most = 0
    with pytest.raises(torch.OutOfMemoryError):
        backend.run(*inputs_of(shipped("earthpt-small")))


@pytest.mark.parametrize(("name", "limit"), [("ndvi-small", 0.05), ("canopy", 0.05)])
def test_bf16_is_near_float32(name: str, limit: float) -> None:
    checkpoint = shipped(name)
    inputs = inputs_of(checkpoint)
    exact, fast = (load(checkpoint, "cpu", precision).run(*inputs)[0] for precision in ("float32", "bfloat16"))  # type: ignore[arg-type]
    assert fast.dtype == np.float32
    assert 0 < np.abs(fast - exact).max() < limit * max(1.0, float(np.abs(exact).max()))


def test_trees_compare_in_float32_whatever_the_precision() -> None:
    backend = TorchBackend(tiny_class_network(), "cpu", "bfloat16")
    network = backend.network
    assert {p.dtype for p in network.parameters()} == {torch.bfloat16}
    assert network.get_buffer("trees.limit").dtype == torch.float32
    assert backend.name == "torch cpu bfloat16"
