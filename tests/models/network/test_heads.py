"""Heads side by side: what holds for any weights, and that the shipped weights mean what they meant."""

from pathlib import Path

import pytest
import torch

from core.checkpoint import Checkpoint
from core.settings import Settings
from models.checkpoint import load_class_network, load_network
from models.export import TOLERANCE, largest_difference
from models.network.heads import Heads
from models.registry import NETWORK, SHIPPED, is_class_network, list_checkpoints

MEMBERS, FEATURES, OUT = 3, 7, 4


def random_heads(*, dropout: float = 0.3) -> Heads:
    torch.manual_seed(4)
    heads = Heads(members=MEMBERS, features=FEATURES, width=5, out=OUT, dropout=dropout, out_std=0.5)
    return heads.eval()


def inputs(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, FEATURES, generator=torch.Generator().manual_seed(1))


def test_rows_for_all_heads_are_those_rows_for_each_head() -> None:
    x = inputs(6)
    found = random_heads()(x)
    assert found.shape == (MEMBERS, 6, OUT)
    torch.testing.assert_close(found, random_heads()(torch.stack([x] * MEMBERS)), rtol=0, atol=0)


def test_each_head_reads_its_own_rows_alone() -> None:
    heads, x = random_heads(), inputs(MEMBERS, 6)
    before = heads(x)
    x[1, 2] += 1
    moved = (heads(x) != before).any(dim=-1)
    assert moved.nonzero().tolist() == [[1, 2]]


def test_heads_start_from_different_weights_and_near_zero() -> None:
    torch.manual_seed(0)
    heads = Heads(members=MEMBERS, features=FEATURES, width=5, out=OUT, dropout=0.0, out_std=1e-3)
    found = heads(inputs(6))
    assert not torch.allclose(found[0], found[1], atol=1e-5)
    assert found.abs().max() < 0.02


def test_dropout_acts_in_training_alone_and_differs_from_head_to_head() -> None:
    x = inputs(50)
    heads = random_heads(dropout=0.5)
    torch.testing.assert_close(heads(x), heads(x), rtol=0, atol=0)
    heads.train()
    with torch.no_grad():
        for parameter in heads.parameters():
            parameter.copy_(parameter[:1].expand_as(parameter))  # all heads alike, so that dropout alone differs
    assert not torch.allclose(heads(x)[0], heads(x)[1])


@pytest.mark.parametrize("checkpoint", list_checkpoints(Settings(models=SHIPPED / "none")), ids=lambda c: c.name)
def test_shipped_weights_have_the_outputs_of_the_shipped_graph(checkpoint: Checkpoint) -> None:
    network = load_class_network(checkpoint) if is_class_network(checkpoint) else load_network(checkpoint)
    heads = network.heads if is_class_network(checkpoint) else network.to_quantiles
    assert isinstance(heads, Heads)
    path = Path(checkpoint.folder) / NETWORK
    assert largest_difference(network, path) < TOLERANCE
    with torch.no_grad():
        heads.leave.bias += 0.01
    assert largest_difference(network, path) > TOLERANCE, "the comparison sees the heads"
