"""Where and how precisely a network computes."""

import logging

import pytest
import torch

from tests.models.builders import tiny_network
from tests.training.tiny_training import dense_batch
from training.device import available_precision, placed
from training.train import forecast_loss

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("one_thread")


def test_bfloat16_is_near_float32_and_answers_in_float32() -> None:
    network, batch = tiny_network(), dense_batch()
    half = placed(network, CPU, "bfloat16")
    inputs = [torch.from_numpy(a) for a in (batch.tokens, batch.is_padding, batch.queries)]
    assert half.predict(*inputs)[0].dtype == half(*inputs).dtype == torch.float32
    loss, expected = forecast_loss(half, batch), forecast_loss(network, batch)
    assert loss != expected
    torch.testing.assert_close(loss, expected, rtol=0.05, atol=0)
    loss.backward()
    grad = network.blocks[0].to_qkv.weight.grad  # type: ignore[union-attr]
    assert grad is not None
    assert grad.dtype == torch.float32


def test_in_float32_on_the_cpu_the_network_is_used_as_it_is() -> None:
    network = tiny_network()
    assert placed(network, CPU) is network


def test_bfloat16_is_used_only_on_request_and_its_absence_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert available_precision("float32", CPU) == "float32"
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        found = available_precision("bfloat16", CPU)
    assert (found == "float32") == bool(caplog.records)
