"""Class heads learned on the trunk of a forecaster: from which rows, what of the trunk, and the same each time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.metrics.class_scores import allowed_classes
from models.network.class_features import BESIDE_NDVI, CLASS_FEATURES
from models.network.class_network import ClassNetwork, tree_inputs
from tests.models.builders import tiny_network
from tests.training.tiny_training import small_set
from training.class_examples import Pool, make_pool
from training.finetune import (
    ALONE_ROUNDS,
    ALTERED_ROUNDS,
    HEADS_SHARE,
    TREE_SHARE,
    _allowed_loss,
    finetune,
    logits_of,
    new_network,
)
from training.folds import folds_by_hash
from training.resume import RESUME, ResumeFile
from training.runs import Run

RUN = Run(
    name="tiny",
    task="crop",
    mixture={"waves": 1.0},
    holdout="waves",
    classes=("no", "yes"),
    months=12,
    members=2,
    copies=1,
    steps=6,
    batch=8,
    check_every=2,
    warmup=2,
    average=0.5,
)
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Eighty series of two classes that their level tells apart, and a copy of each."""
    source = small_set(count=80)
    source.labels["crop"][:] = np.arange(80) >= 40
    return make_pool({"waves": source}, RUN.mixture, "crop", months=12, copies=RUN.copies, seed=0)


def learned(pool: Pool, log: Path, run: Run = RUN, **more: object) -> ClassNetwork:
    return finetune(run, tiny_network(), pool, log=log, progress=lambda _share: None, **more)  # type: ignore[arg-type]


def same(one: ClassNetwork, other: ClassNetwork) -> bool:
    mine, yours = one.state_dict(), other.state_dict()
    return mine.keys() == yours.keys() and all(torch.equal(mine[k], yours[k]) for k in mine)


def test_fine_tuning_is_the_same_for_the_same_seed_and_another_for_another(pool: Pool, tmp_path: Path) -> None:
    run = replace(RUN, trees=3)
    first, again = (learned(pool, tmp_path / n, run) for n in ("a", "b"))
    assert same(first, again)
    assert not same(first, learned(pool, tmp_path / "c", replace(run, seed=1)))


@pytest.mark.parametrize("tune", ["heads", "all"])
def test_rows_of_places_that_were_left_out_are_not_learned_from(pool: Pool, tmp_path: Path, tune: str) -> None:
    run = replace(RUN, trees=3).with_tune(tune)
    held = folds_by_hash(pool.places) == 0
    assert 0 < held.mean() < 0.5
    spoiled = replace(pool, queries=pool.queries.copy(), tokens=pool.tokens.copy(), labels=pool.labels.copy())
    spoiled.queries[held], spoiled.tokens[held], spoiled.labels[held] = 0.7, 0.7, 0
    assert same(learned(pool.take(~held), tmp_path / "a", run), learned(spoiled.take(~held), tmp_path / "b", run))


@pytest.mark.parametrize("tune", ["heads", "low-rank", "all"])
def test_the_trunk_is_frozen_unless_it_is_opened(pool: Pool, tmp_path: Path, tune: str) -> None:
    trunk = tiny_network().state_dict()
    network = learned(pool, tmp_path / "log", RUN.with_tune(tune))
    now = network.trunk.state_dict()
    assert now.keys() == trunk.keys()
    moved = {name for name in trunk if not torch.equal(now[name], trunk[name])}
    read = {name for name in trunk if name.startswith(("token.", "blocks.", "norm."))}
    by_rank = {name for name in trunk if name.endswith("to_qkv.weight")}
    assert moved == {"heads": set(), "low-rank": by_rank, "all": read}[tune]


def test_the_steps_teach_the_heads_what_the_classes_are(pool: Pool, tmp_path: Path) -> None:
    run = replace(RUN, steps=80, warmup=8, check_every=80, average=0.9, learning_rate=3e-3)
    network = learned(pool, tmp_path / "log", run)
    share = torch.from_numpy(logits_of(network, pool)).softmax(-1).numpy()
    assert (share.argmax(axis=1) == pool.labels).mean() > 0.85
    before = logits_of(new_network(run, tiny_network()).eval(), pool).argmax(axis=1)
    assert (before == pool.labels).mean() < 0.8


def test_trees_are_grown_on_rows_as_they_are_and_on_all_and_have_their_share(pool: Pool, tmp_path: Path) -> None:
    run = replace(RUN, trees=5)
    heads, both = learned(pool, tmp_path / "a"), learned(pool, tmp_path / "b", run)
    assert both.config.trees[0] == 5 + ALTERED_ROUNDS * 5 + 5 // ALONE_ROUNDS
    shares = both.trees.share[..., 1].tolist()
    assert shares == 5 * [[0.5, 0.0, 0.0]] + ALTERED_ROUNDS * 5 * [[0.5, 1.0, 0.0]] + 5 // ALONE_ROUNDS * [
        [0.0, 0.0, 1.0]
    ]
    assert float(both.tree_share) == pytest.approx(TREE_SHARE)
    grown = both.trees(tree_inputs(torch.from_numpy(pool.queries[:, 0]))).numpy()
    expected = (1 - TREE_SHARE) * logits_of(heads, pool) + TREE_SHARE * grown
    np.testing.assert_allclose(logits_of(both, pool), expected, atol=1e-5)
    assert grown[pool.labels == 1, 1].mean() > grown[pool.labels == 0, 1].mean() + 0.1


def test_series_of_ndvi_alone_are_told_apart_by_trees_of_their_own(pool: Pool, tmp_path: Path) -> None:
    alone, with_more = (replace(pool, queries=pool.queries.copy()) for _ in range(2))
    flags = CLASS_FEATURES + np.array(BESIDE_NDVI)
    alone.queries[..., flags], with_more.queries[..., flags] = 0.0, 1.0
    network = learned(pool, tmp_path / "log", replace(RUN, trees=40))
    own = network.config.trees[0] - 40 // ALONE_ROUNDS
    for rows, is_own in ((alone, True), (with_more, False)):
        before = logits_of(network, rows)
        kept = network.trees.value.clone()
        network.trees.value[own:] = 0.0
        assert np.allclose(logits_of(network, rows), before) is not is_own, "they speak of NDVI alone, and of no other"
        network.trees.value.copy_(kept)
    assert (logits_of(network, alone).argmax(axis=1) == pool.labels).mean() > 0.8


def test_a_label_that_excludes_a_class_allows_all_others() -> None:
    allowed = allowed_classes(np.array([2, -2, -3, 0]), 3)
    assert allowed.tolist() == [[False, False, True], [False, True, True], [True, False, True], [True, False, False]]
    given = torch.tensor([[[0.0, 2.0, 1.0]]]).log_softmax(-1)
    share = given.exp()[0, 0]
    for row, mask in zip(
        (0, 2), (torch.tensor([[[False, False, True]]]), torch.tensor([[[True, False, True]]])), strict=True
    ):
        expected = -torch.log(share[torch.from_numpy(allowed[row])].sum())
        torch.testing.assert_close(_allowed_loss(given, mask)[0, 0], expected)


def test_rows_known_only_not_to_be_a_class_are_learned_from_and_grow_trees(pool: Pool, tmp_path: Path) -> None:
    three = replace(RUN, classes=("a", "b", "c"), trees=30, steps=60, warmup=5, average=0.9, learning_rate=3e-3)
    labels = np.where(pool.labels == 1, 1, np.where(np.arange(len(pool)) % 2, -3, 0))
    network = learned(replace(pool, labels=labels), tmp_path / "log", three)
    share = torch.from_numpy(logits_of(network, pool)).softmax(-1).numpy()
    excluded = labels == -3
    assert share[excluded, 1].mean() < 0.3 < share[labels == 1, 1].mean()


def test_trees_to_begin_with_are_kept_and_others_grown_from_what_they_say(pool: Pool, tmp_path: Path) -> None:
    start = learned(pool, tmp_path / "a", replace(RUN, trees=4))
    turned = replace(pool, labels=1 - pool.labels)
    network = learned(turned, tmp_path / "b", replace(RUN, trees=150), start=start)
    kept = start.config.trees[0]
    assert network.config.trees[0] == kept + 150
    shown = tree_inputs(torch.from_numpy(pool.queries[:, 0]))
    whole, before = (n.trees(shown).numpy() for n in (network, start))
    network.trees.value[kept:] = 0.0
    np.testing.assert_allclose(network.trees(shown).numpy(), before, atol=1e-5)
    right = pool.labels == 1
    assert before[right, 1].mean() > before[~right, 1].mean(), "what the first labels taught"
    assert whole[right, 1].mean() < whole[~right, 1].mean() - 0.5, "what the labels since then say instead"
    assert network.trees.share[:kept].equal(start.trees.share)
    assert network.trees.share[kept:, :, 1].eq(1).all(), "the others count for all kinds of history"
    few = replace(RUN, trees=0)
    assert learned(turned, tmp_path / "c", few, start=start).config.trees == start.config.trees


def test_heads_to_begin_with_are_learned_further(pool: Pool, tmp_path: Path) -> None:
    start = learned(pool, tmp_path / "a", replace(RUN, seed=5))
    tiny_steps = replace(RUN, steps=1, check_every=1, learning_rate=1e-9, weight_decay=0.0, warmup=0)
    near, fresh = (learned(pool, tmp_path / n, tiny_steps, **more) for n, more in (("b", {"start": start}), ("c", {})))

    def distance(network: ClassNetwork) -> float:
        ours, theirs = network.heads.state_dict(), start.heads.state_dict()
        return max(float((ours[k] - theirs[k]).abs().max()) for k in ours)

    assert distance(near) < 1e-6 < distance(fresh)


def test_heads_that_read_states_from_now_on_say_at_first_what_they_said_without(pool: Pool, tmp_path: Path) -> None:
    start = learned(pool, tmp_path / "a", replace(RUN, seed=5))
    tiny_steps = replace(RUN, steps=1, check_every=1, learning_rate=1e-9, weight_decay=0.0, warmup=0)
    network = learned(pool, tmp_path / "b", tiny_steps.with_tune("all"), start=start)
    assert (start.config.layer, network.config.layer) == ("none", "last")
    np.testing.assert_allclose(logits_of(network, pool), logits_of(start, pool), atol=1e-4)


class Stopped(Exception):
    """A kill, but in this process."""


@pytest.mark.parametrize("tune", ["heads", "low-rank"])
def test_a_killed_fine_tuning_goes_on_to_the_same_weights(pool: Pool, tmp_path: Path, tune: str) -> None:
    run = replace(RUN, trees=3).with_tune(tune)
    expected = learned(pool, tmp_path / "log", run)
    resume = ResumeFile(path=tmp_path / RESUME)
    shares: list[float] = []

    def killed(_share: float) -> None:
        if resume.path.exists():
            raise Stopped

    with pytest.raises(Stopped):
        finetune(run, tiny_network(), pool, log=tmp_path / "log2", progress=killed, resume=resume)
    again = finetune(run, tiny_network(), pool, log=tmp_path / "log2", progress=shares.append, resume=resume)
    assert shares[0] == pytest.approx(2 / 6 * HEADS_SHARE)
    assert same(again, expected)
