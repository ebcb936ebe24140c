"""Learning from own labels: folds of blocks, what is kept of killed runs, calibration, and the card."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InvalidOption
from core.settings import Settings
from models.earthpt import EarthPT, EarthPTConfig
from models.finetune import in_fold
from models.queries import QUERY_FEATURES, map_queries
from models.registry import CARD, find_checkpoint, verify
from models.runtime import classify
from models.training_set import TrainingSet
from tests.models.builders import wavy_series
from workers.labels import LabelledSet
from workers.own_files import WORK, Order, check_name
from workers.own_labels import LEARN, STOP, _hashed_into, _learned_and_stop, learn_own, make_run, split_blocks
from workers.own_scores import Judged, assess, calibrate, choose_threshold
from workers.own_trunk import fitting_trunk

CLASSES = ("non_crop", "crop")


def own_set(count: int = 48) -> LabelledSet:
    """Half of the series peak in summer, half in winter; six blocks with both."""
    series = wavy_series(count, dates=46)
    codes = np.arange(count) % 2
    days = np.where(codes[:, None] == 1, series.days, series.days + 180).astype(np.int32)
    series = replace(series, days=days)
    return LabelledSet(
        training=TrainingSet(
            name="own",
            licence="made for a test",
            series=series,
            places=np.array([f"block_{i // 2 % 6}" for i in range(count)]),
            labels={"crop": codes.astype(np.int8)},
        ),
        reference_days=series.days[:, -1],
        owners=np.arange(count),
        classes=CLASSES,
        task="crop",
        block_km=10.0,
        facts={"file": "fields.gpkg", "left_out": [], "dates": "2018-01-01 to 2018-01-01"},
    )


def test_blocks_stay_whole_and_classes_are_spread_over_the_folds() -> None:
    rng = np.random.default_rng(4)
    block = rng.integers(0, 40, 900)
    codes = (block % 4 == 0).astype(np.int64)
    blocks = np.array([f"b{b}" for b in block])
    fold = split_blocks(blocks, codes, 5)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    assert all(len(set(fold[blocks == b])) == 1 for b in set(blocks))
    for code in (0, 1):
        shares = np.bincount(fold[codes == code], minlength=5) / (codes == code).sum()
        assert shares.min() > 0.12
    assert np.array_equal(fold, split_blocks(blocks, codes, 5))
    assert set(split_blocks(np.array(["a", "b", "c", "a"]), np.array([0, 1, 0, 1]), 5)) == {0, 1, 2}


def test_the_next_fold_chooses_the_stop_unless_a_class_would_not_be_learned() -> None:
    fold, codes = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 1], np.int8)
    learned, stop = _learned_and_stop(fold, codes, 2)
    assert (np.nonzero(learned)[0].tolist(), np.nonzero(stop)[0].tolist()) == ([1, 4], [0, 3])
    rare = np.array([0, 0, 0, 1, 0, 0], np.int8)
    learned, stop = _learned_and_stop(fold, rare, 2)
    assert np.array_equal(learned, stop)
    assert np.array_equal(learned, fold != 2)


def test_places_are_renamed_into_one_hashed_fold_and_stay_apart() -> None:
    source = own_set().training
    moved = _hashed_into(source, 1)
    assert in_fold(moved.places, 1).all()
    assert len(set(moved.places)) == 6


def test_a_trunk_with_narrower_queries_says_the_same_once_it_is_widened() -> None:
    torch.manual_seed(0)
    narrow = EarthPT(EarthPTConfig(layers=2, width=32, heads=4, query_features=QUERY_FEATURES - 20, classes=3)).eval()
    wide = fitting_trunk(narrow)
    series = wavy_series(5, dates=30)
    series = replace(series, static=np.array([[300.0, 4.0]] * 5, np.float32))
    days = series.days[:, -1]
    tokens, is_padding = torch.randn(5, 9, narrow.config.token_features), torch.zeros(5, 9, dtype=torch.bool)
    asked = [torch.from_numpy(map_queries(series, days, width=n.config.query_features)) for n in (narrow, wide)]
    with torch.no_grad():
        torch.testing.assert_close(
            narrow.classify(tokens, is_padding, asked[0]), wide.classify(tokens, is_padding, asked[1])
        )
    assert fitting_trunk(wide) is wide


def judged(rng: np.random.Generator, *, sharpness: float, count: int = 3000) -> Judged:
    """Logits that are `sharpness` times as sure as they should be."""
    logit = rng.normal(0, 2, count)
    truth = (rng.random(count) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    fold = np.arange(count) % 5
    return Judged(
        logits=np.stack([np.zeros(count), sharpness * logit], axis=1).astype(np.float32),
        fold=fold,
        truth=truth,
        places=np.array([f"b{i % 40}" for i in range(count)]),
        classes=CLASSES,
        steps=(10, 20, 30, 40, 50),
    )


def test_too_sure_a_model_is_cooled_down_and_then_calibrated() -> None:
    found = judged(np.random.default_rng(1), sharpness=4.0)
    assert calibrate(found)["temperature"] == pytest.approx(4.0, rel=0.15)
    scores = assess(found)
    assert float(scores["ece"].split()[0]) < 0.04
    low, high = (float(v) for v in scores["roc_auc_crop"].split("[")[1].strip("]").split(","))
    assert 0.8 < low < float(scores["roc_auc_crop"].split()[0]) < high < 0.95
    assert {"pr_auc_crop", "f1_crop", "balanced_accuracy", "brier"} < set(scores)
    assert np.sum(scores["confusion"]) == scores["series"] == 3000


def test_a_folds_own_labels_move_neither_its_temperature_nor_its_threshold() -> None:
    found = judged(np.random.default_rng(2), sharpness=1.0, count=500)
    share, called = found.calibrated()
    mine = found.fold == 3
    other = replace(found, truth=np.where(mine, 1 - found.truth, found.truth))
    share_other, called_other = other.calibrated()
    assert np.array_equal(share[mine], share_other[mine])
    assert np.array_equal(called[mine], called_other[mine])
    assert not np.array_equal(share[~mine], share_other[~mine])


def test_the_threshold_is_that_of_the_best_f1() -> None:
    positive = np.array([0.1, 0.2, 0.25, 0.3, 0.35, 0.4], np.float32)
    share = np.stack([1 - positive, positive], axis=1)
    assert choose_threshold(share, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(0.30)
    assert choose_threshold(share, np.array([1, 1, 1, 1, 1, 1])) == pytest.approx(0.10)


def test_more_classes_are_scored_each_against_the_rest_and_have_no_threshold() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    logits = (2 * np.eye(3)[truth] + rng.normal(0, 1, (300, 3))).astype(np.float32)
    three = replace(
        judged(rng, sharpness=1.0, count=300), logits=logits, truth=truth, classes=("wheat", "maize", "grass")
    )
    scores = assess(three)
    assert {"roc_auc_wheat", "pr_auc_maize", "f1_grass"} < set(scores)
    assert set(calibrate(three)) == {"temperature"}


def test_steps_of_a_training_are_few_and_checked_often() -> None:
    run = make_run("crop", CLASSES, 200)
    assert (run.steps, run.check_every, run.mixture, run.holdout) == (200, 20, {LEARN: 1.0}, STOP)
    assert not run.is_default


def test_names_of_other_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="a shipped model has it"):
        check_name("crop-1m", tmp_path, "never")
    with pytest.raises(InvalidOption, match="letters, digits"):
        check_name("../mine", tmp_path, "if_possible")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / CARD).write_text('{"made_by": "landcast models import"}')
    with pytest.raises(InvalidOption, match="--restart trains it anew"):
        check_name("mine", tmp_path, "if_possible")
    with pytest.raises(InvalidOption, match="was not made from own labels"):
        check_name("mine", tmp_path, "never")


class Stopped(Exception):
    """A kill, but in this process."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
def test_a_killed_run_goes_on_without_its_finished_folds_to_the_card_that_it_would_have_had(
    settings: Settings, tmp_path: Path
) -> None:
    found = own_set()
    order = Order(name="mine", folder=tmp_path / "models", command="landcast finetune crop", steps=3)

    def killed(share: float) -> None:
        if share > 0.4:
            raise Stopped

    with pytest.raises(Stopped):
        learn_own(found, order, settings, killed)
    saved = tmp_path / "models" / "mine" / WORK / "fold1.npz"
    finished = saved.stat().st_mtime_ns
    seen: list[float] = []

    def watch(share: float) -> None:
        seen.append(share)
        if share < 0.9:
            assert saved.stat().st_mtime_ns == finished

    learn_own(found, order, settings, watch)
    whole = learn_own(found, replace(order, name="whole"), settings, lambda _share: None)
    cards = [json.loads((tmp_path / "models" / n / CARD).read_text()) for n in ("mine", "whole")]
    assert cards[0]["accuracy"] == cards[1]["accuracy"]
    assert cards[0]["sha256"] == cards[1]["sha256"]
    assert seen == sorted(seen)
    assert not (whole.parent / WORK).exists()
    assert sorted(p.name for p in whole.parent.iterdir()) == [
        "card.json",
        "log.jsonl",
        "network.onnx",
        "out_of_fold.csv",
        "weights.safetensors",
    ]
    own = cards[0]["own_labels"]
    assert own["classes"]["crop"] == {"labels": 24, "pixels": 24, "blocks": 6}
    assert cards[0]["trunk_sha256"] == find_checkpoint("crop-1m", "crop", settings).sha256
    assert cards[0]["cautions"]
    assert set(cards[0]["accuracy"]) == {"out_of_fold", "before_crop-1m"}
    assert 0.05 <= cards[0]["threshold"] <= 0.95
    used = find_checkpoint("mine", "crop", settings.model_copy(update={"models": tmp_path / "models"}))
    verify(used)
    series = found.training.series
    answer = classify(series, found.reference_days + 1, used, months=18)
    assert answer.classes == CLASSES
    assert np.isfinite(answer.probability).all()
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        learn_own(found, replace(order, wish="always"), settings, lambda _share: None)
