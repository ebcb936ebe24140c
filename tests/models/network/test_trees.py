"""Trees as arrays say what LightGBM says of them."""

from dataclasses import fields

import lightgbm
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.bands import Floats
from models.network.class_features import CLASS_FEATURES
from models.network.class_network import ClassConfig, Grown, Trees
from models.network.tree_inputs import ABSENT, ALONE, KINDS, LONG, SHORT
from models.network.trees import AS_THEY_ARE, PARAMETERS, as_arrays, counted, grow, predict_trees, summed
from tests.models.builders import TINY

COUNT, FEATURES = 400, 12


def answer(grown: Grown, features: Floats, kind: int = LONG) -> NDArray[np.float32]:
    """Return the logits of a network's trees for histories of one kind."""
    shape = (*grown.feature.shape, grown.depth.shape[1])
    trees = Trees(ClassConfig(classes=grown.share.shape[2], trunk=TINY, trees=shape))
    trees.load_state_dict({name: torch.from_numpy(value) for name, value in vars(grown).items()})
    shown = [np.where(np.isfinite(features), features, np.float32(unseen)) for unseen in (-ABSENT, ABSENT)]
    kinds = np.tile(np.eye(len(KINDS))[kind], (len(features), 1))
    return trees(torch.from_numpy(np.concatenate([*shown, kinds], axis=1).astype(np.float32))).numpy()


def sample(classes: int, seed: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """Return features of which a fifth is NaN, and labels that two of them tell."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(COUNT, FEATURES)).astype(np.float32)
    logits = features[:, 2] + 2 * np.maximum(features[:, 7], 0) + 0.3 * rng.normal(size=COUNT)
    features[rng.random(features.shape) < 0.2] = np.nan
    return features, np.digitize(logits, np.quantile(logits, np.arange(1, classes) / classes)).astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3])
def test_arrays_say_what_lightgbm_says_also_of_unseen_features(classes: int) -> None:
    features, labels = sample(classes)
    task = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    booster = lightgbm.train(
        {**PARAMETERS, **AS_THEY_ARE, **task, "feature_fraction": 0.8, "num_threads": 1},
        lightgbm.Dataset(features.astype(np.float64), label=labels),
        num_boost_round=20,
    )
    new, _ = sample(classes, seed=1)
    logits = booster.predict(new.astype(np.float64), raw_score=True)
    expected = np.stack([np.zeros(COUNT), logits], axis=1) if classes == 2 else logits
    grown = as_arrays(booster.dump_model()["tree_info"], FEATURES, classes)
    for got in (answer(grown, new), predict_trees(grown, new)):
        np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.3, "the trees tell the classes apart"


def test_what_is_unseen_goes_where_it_was_seen_to_go() -> None:
    """Of one feature, that it is unseen tells the class: no level of it does."""
    rng = np.random.default_rng(3)
    labels = (np.arange(COUNT) % 2).astype(np.int64)
    features = rng.normal(size=(COUNT, FEATURES)).astype(np.float32)
    features[labels == 1, 4] = np.nan
    every = {**AS_THEY_ARE, "feature_fraction": 1.0}
    logits = answer(grow(features, labels, np.ones(COUNT), every, classes=2, rounds=10), features)[:, 1]
    assert logits[labels == 1].min() > logits[labels == 0].max() + 0.3


@pytest.mark.parametrize("classes", [2, 3])
def test_grown_trees_know_rows_that_they_have_not_seen_and_are_the_same_each_time(classes: int) -> None:
    features, labels = sample(classes)
    new, truth = sample(classes, seed=1)
    facts = {"classes": classes, "rounds": 40}
    grown = grow(features, labels, np.ones(COUNT), {**AS_THEY_ARE, "feature_fraction": 0.8}, **facts)
    assert (answer(grown, new).argmax(axis=1) == truth).mean() > 0.6
    again = grow(features, labels, np.ones(COUNT), {**AS_THEY_ARE, "feature_fraction": 0.8}, **facts)
    assert all(np.array_equal(getattr(grown, f.name), getattr(again, f.name)) for f in fields(Grown))


def test_heavier_rows_count_more() -> None:
    features, labels = sample(2)
    heavy = np.where(labels == 1, 50.0, 1.0)
    facts = {"classes": 2, "rounds": 20}
    evenly, leaning = (
        answer(grow(features, labels, w, AS_THEY_ARE, **facts), features)[:, 1].mean() for w in (np.ones(COUNT), heavy)
    )
    assert leaning > evenly + 1


def test_trees_count_for_each_kind_of_history_by_their_share() -> None:
    features, labels = sample(3)
    small, large = (
        grow(features, labels, np.ones(COUNT), {**AS_THEY_ARE, "num_leaves": leaves}, classes=3, rounds=5)
        for leaves in (3, 12)
    )
    assert small.depth.shape[1] < large.depth.shape[1]
    both = summed([counted(small, {LONG: 0.5}), counted(large, {LONG: 0.25, SHORT: 1.0})])
    one, other = answer(small, features), answer(large, features)
    assert np.abs(one).min() > 0
    assert np.abs(other).min() > 0
    for kind, expected in ((LONG, 0.5 * one + 0.25 * other), (SHORT, other), (ALONE, 0 * other)):
        np.testing.assert_allclose(answer(both, features, kind), expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_trees_count_in_full_for_all_kinds_of_history_unless_they_have_shares(kind: int) -> None:
    features, labels = sample(3)
    grown = grow(features, labels, np.ones(COUNT), AS_THEY_ARE, classes=3, rounds=5)
    np.testing.assert_array_equal(answer(grown, features, kind), answer(grown, features))


@pytest.mark.parametrize("classes", [2, 3])
def test_further_trees_have_only_the_logits_to_be_added(classes: int) -> None:
    features, labels = sample(classes)
    facts = {"classes": classes, "rounds": 40, "how": {**AS_THEY_ARE, "feature_fraction": 0.8}}
    whole = grow(features, labels, np.ones(COUNT), **facts)
    logits = answer(whole, features)
    more = grow(features, labels, np.ones(COUNT), **facts, start=logits)
    again = grow(features, labels, np.ones(COUNT), **facts, start=np.zeros_like(logits))
    truth = np.arange(COUNT), labels
    losses = [-_log_share(total)[truth].mean() for total in (logits, logits + answer(more, features))]
    assert losses[1] < losses[0]
    assert np.abs(answer(more, features)).mean() < np.abs(answer(again, features)).mean()


def _log_share(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def test_a_tree_without_a_split_says_the_same_of_all() -> None:
    grown = as_arrays([{"tree_structure": {"leaf_value": 0.25}}], CLASS_FEATURES, 2)
    features = np.random.default_rng(0).normal(size=(4, CLASS_FEATURES)).astype(np.float32)
    np.testing.assert_allclose(answer(grown, features), [[0, 0.25]] * 4)
