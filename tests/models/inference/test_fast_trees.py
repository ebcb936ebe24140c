"""Trees by bits say what the same trees say as matrix products."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import load_class_network
from models.inference.fast_trees import MOST_LEAVES, FastTrees, are_simple, load_trees
from models.network.class_features import CLASS_FEATURES
from models.network.class_network import tree_inputs
from models.network.tree_inputs import kind_of, marked
from tests.models.builders import random_trees
from tests.models.inference.inputs import queries_of, shipped

CLASS_MODELS = ("canopy", "crop")


@pytest.mark.parametrize("name", CLASS_MODELS)
def test_shipped_trees_say_the_same_as_matrix_products(name: str) -> None:
    checkpoint, queries = shipped(name), queries_of(150)
    trees = load_trees(Path(checkpoint.folder))
    assert trees is not None
    network = load_class_network(checkpoint)
    with torch.no_grad():
        expected = network.trees(tree_inputs(torch.from_numpy(queries))).numpy()
    np.testing.assert_allclose(trees.logits(queries), expected, atol=1e-5)
    assert expected.std() > 0.1
    heads = np.random.default_rng(1).normal(size=expected.shape).astype(np.float32)
    share = float(network.tree_share)
    np.testing.assert_allclose(trees.added(heads, queries), (1 - share) * heads + share * expected, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_limit_itself_goes_left(classes: int) -> None:
    grown = random_trees(classes, 5)
    queries = queries_of(12)
    queries[0, grown.feature[0, 0] % CLASS_FEATURES] = grown.limit[0, 0]
    queries[0, CLASS_FEATURES + grown.feature[0, 0] % CLASS_FEATURES] = 1
    expected = np.zeros((12, classes), np.float32)
    for row, (x, kind) in enumerate(zip(marked(queries).T, kind_of(queries), strict=True)):
        for tree in range(len(grown.feature)):
            turns = np.where(x[grown.feature[tree]] > grown.limit[tree], 1, -1)
            reached = turns @ grown.side[tree].astype(int) == grown.depth[tree]
            expected[row] += grown.value[tree][reached].sum() * grown.share[tree, kind]
    np.testing.assert_allclose(FastTrees(vars(grown), 1.0).logits(queries), expected, atol=1e-6)


def test_a_row_says_the_same_among_whatever_others() -> None:
    trees, queries = FastTrees(vars(random_trees(3, 5)), 0.5), queries_of(200)
    whole = trees.logits(queries)
    order = np.random.default_rng(2).permutation(200)
    np.testing.assert_allclose(trees.logits(queries[order]), whole[order], atol=1e-6)
    few = np.concatenate([trees.logits(queries[i : i + 7]) for i in range(0, 200, 7)])
    np.testing.assert_allclose(few, whole, atol=1e-6)


def test_only_trees_with_leaves_in_order_and_few_enough_are_simple() -> None:
    side = random_trees(3, 2).side
    assert are_simple(side)
    assert not are_simple(side[:, :, ::-1])
    assert not are_simple(side[:0])
    assert not are_simple(np.zeros((1, 3, MOST_LEAVES + 1), np.int8))


def test_a_forecaster_and_a_graph_alone_have_no_trees(tmp_path: Path) -> None:
    assert load_trees(Path(shipped("earthpt-small").folder)) is None
    assert load_trees(tmp_path) is None
