"""What holds for any weights of a class network."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from models.export import export_onnx
from models.network.class_features import BESIDE_NDVI, CLASS_FEATURES, LIMIT, NDVI_FEATURES, NDVI_MONTHS
from models.network.class_network import ClassConfig, ClassNetwork, tree_inputs
from models.network.tokens import TOKEN_FEATURES
from models.network.tree_inputs import ABSENT, ALONE, KINDS, LONG, MOST_OF_A_YEAR, SHORT
from tests.models.builders import TINY, tiny_class_network

every_layer = pytest.mark.parametrize("layer", ["middle", "last"])
EXPORTED = [(3, "last", 4), (2, "middle", 4), (2, "last", 0), (3, "none", 4)]
"""Classes, states that heads read, and rounds of trees."""


def inputs(batch: int = 4, length: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens of which row 1 has five, and queries of which a third is unseen."""
    draw = torch.Generator().manual_seed(1)
    tokens = torch.randn(batch, length, TOKEN_FEATURES, generator=draw)
    is_padding = torch.zeros(batch, length, dtype=torch.bool)
    is_padding[1, 5:] = True
    flags = (torch.rand(batch, 1, CLASS_FEATURES, generator=draw) > 1 / 3).float()
    values = torch.randn(batch, 1, CLASS_FEATURES, generator=draw) * flags
    return tokens, is_padding, torch.cat([values, flags], dim=-1)


@every_layer
def test_padding_changes_nothing_whatever_stands_in_it_and_however_much_there_is(layer: str) -> None:
    network = tiny_class_network(layer=layer)
    tokens, is_padding, queries = inputs()
    expected = network.classify(tokens, is_padding, queries)
    tokens[1, 5:] = 99
    longer = torch.nn.functional.pad(tokens, (0, 0, 0, 3)), torch.nn.functional.pad(is_padding, (0, 3), value=True)
    torch.testing.assert_close(network.classify(tokens, is_padding, queries), expected)
    torch.testing.assert_close(network.classify(*longer, queries), expected)


def test_permuted_pixels_give_permuted_answers() -> None:
    network, order = tiny_class_network(), torch.tensor([2, 0, 3, 1])
    expected = network.classify(*inputs())[order]
    torch.testing.assert_close(network.classify(*(x[order] for x in inputs())), expected)


@every_layer
def test_states_are_the_mean_and_that_of_the_last_token_there_is(layer: str) -> None:
    network = tiny_class_network(layer=layer)
    tokens, is_padding, _ = inputs()
    states = network.read(tokens, is_padding)
    alone = network.read(tokens[1:2, :5], is_padding[1:2, :5])
    torch.testing.assert_close(states[1:2], alone)
    tokens[1, 4] += 3
    moved = network.read(tokens, is_padding)
    assert not torch.allclose(moved[1, TINY.width :], states[1, TINY.width :])
    tokens[1, 0] += 3
    again = network.read(tokens, is_padding)
    assert not torch.allclose(again[1, : TINY.width], moved[1, : TINY.width])


def test_the_layers_are_read_from_different_depths() -> None:
    tokens, is_padding, _ = inputs()
    middle, last = (tiny_class_network(layer=layer) for layer in ("middle", "last"))
    last.load_state_dict(middle.state_dict())
    before = middle.read(tokens, is_padding), last.read(tokens, is_padding)
    for network in (middle, last):
        torch.nn.init.zeros_(network.trunk.blocks[-1].narrow.weight)  # type: ignore[union-attr,arg-type]
    torch.testing.assert_close(middle.read(tokens, is_padding), before[0])
    assert not torch.allclose(last.read(tokens, is_padding), before[1])


def test_heads_that_read_no_states_read_no_tokens() -> None:
    network = tiny_class_network(layer="none")
    tokens, is_padding, queries = inputs()
    expected = network.classify(tokens, is_padding, queries)
    torch.testing.assert_close(network.classify(tokens + 1, is_padding, queries), expected)
    torch.testing.assert_close(network.classify_states(torch.zeros(4, 0), queries), expected)
    assert not torch.allclose(tiny_class_network().classify(tokens + 1, is_padding, queries), expected)
    of_trunk = tiny_class_network(layer="last")
    of_trunk.trunk.load_state_dict(network.trunk.state_dict())
    torch.testing.assert_close(network.read(tokens, is_padding), of_trunk.read(tokens, is_padding))


def test_a_series_without_any_token_gives_finite_answers() -> None:
    tokens, is_padding, queries = inputs()
    assert torch.isfinite(tiny_class_network().classify(tokens, torch.ones_like(is_padding), queries)).all()


def test_heads_side_by_side_are_averaged_and_trees_have_their_share() -> None:
    network = tiny_class_network()
    tokens, is_padding, queries = inputs()
    states = network.read(tokens, is_padding)
    each = network.head_logits(states, queries[:, 0])
    assert not torch.allclose(each[0], each[1])
    grown = network.trees(tree_inputs(queries[:, 0]))
    assert grown.std() > 0
    torch.testing.assert_close(network.classify(*inputs()), 0.4 * each.mean(0) + 0.6 * grown)
    torch.testing.assert_close(network.classify_states(states, queries), network.classify(*inputs()))


def test_without_trees_the_heads_have_all_the_say() -> None:
    network = tiny_class_network(rounds=0)
    tokens, is_padding, queries = inputs()
    expected = network.head_logits(network.read(tokens, is_padding), queries[:, 0]).mean(0)
    torch.testing.assert_close(network.classify(tokens, is_padding, queries), expected)


def test_trees_see_an_absent_feature_beyond_all_seen_ones_whatever_number_stands_there() -> None:
    assert ABSENT > LIMIT + 1
    network = tiny_class_network()
    network.tree_share.fill_(1.0)
    tokens, is_padding, queries = inputs()
    expected = network.classify(tokens, is_padding, queries)
    values, flags = queries.chunk(2, dim=-1)
    other = torch.where(flags > 0.5, values, 2.5)
    torch.testing.assert_close(network.classify(tokens, is_padding, torch.cat([other, flags], dim=-1)), expected)


def kinds_of(flags: Tensor) -> list[int]:
    """Return the kind of each history, of which trees see one and no other."""
    kinds = tree_inputs(torch.cat([flags, flags], dim=-1))[:, -len(KINDS) :]
    assert kinds.sort(dim=-1).values.tolist() == [[0.0, 0.0, 1.0]] * len(flags)
    return kinds.argmax(dim=-1).tolist()


def test_trees_are_told_that_ndvi_is_all_there_is_where_no_other_index_band_or_backscatter_is_seen() -> None:
    flags = torch.zeros(4, CLASS_FEATURES)
    flags[0, list(NDVI_FEATURES)] = 1.0
    flags[1] = flags[0]
    flags[1, -1] = 1.0  # the terrain is known too
    flags[2] = flags[0]
    flags[2, BESIDE_NDVI[3]] = 1.0
    flags[3] = 1.0
    assert kinds_of(flags) == [ALONE, ALONE, LONG, LONG]


def test_trees_are_told_that_a_history_is_short_where_few_months_of_the_year_were_seen() -> None:
    flags = torch.zeros(3, CLASS_FEATURES)
    flags[:, list(NDVI_MONTHS[: MOST_OF_A_YEAR - 1])] = 1.0
    flags[1:, NDVI_MONTHS[-1]] = 1.0
    flags[:2, BESIDE_NDVI[0]] = 1.0
    assert kinds_of(flags) == [SHORT, LONG, ALONE]
    flags[1:, NDVI_MONTHS[-1]] = 0.0
    assert kinds_of(flags) == [SHORT, SHORT, ALONE], "NDVI alone has trees of its own, however short the history is"


def test_a_config_is_read_back_from_a_card_to_the_same() -> None:
    config = tiny_class_network().config
    assert ClassConfig.from_json(config.to_json()) == config
    assert ClassNetwork(config).state_dict().keys() == tiny_class_network().state_dict().keys()


@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
@pytest.mark.parametrize(
    ("classes", "layer", "rounds"), [(3, "last", 4), (2, "middle", 4), (2, "last", 0), (3, "none", 4)]
)
def test_onnx_equals_torch_trees_included(classes: int, layer: str, rounds: int, tmp_path: Path) -> None:
    network = tiny_class_network(classes=classes, layer=layer, rounds=rounds)
    assert export_onnx(network, tmp_path / "network.onnx") < 1e-4


@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
def test_onnx_equals_torch_for_each_kind_of_history(tmp_path: Path) -> None:
    network = tiny_class_network()
    tokens, is_padding, queries = (x[:3] for x in inputs())
    values, flags = queries.chunk(2, dim=-1)
    flags = torch.ones_like(flags)
    flags[SHORT, 0, list(NDVI_MONTHS[1:])] = 0.0
    flags[ALONE, 0, list(BESIDE_NDVI)] = 0.0
    assert kinds_of(flags[:, 0]) == list(KINDS)
    given = tokens, is_padding, torch.cat([values * flags, flags], dim=-1)
    export_onnx(network, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    logits = session.run(["logits"], {name: x.numpy() for name, x in zip(names, given, strict=True)})[0]
    with torch.no_grad():
        expected = network.classify(*given).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5)
