"""Learning from own labels: folds of blocks, what is kept of killed runs, calibration, and the card."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from core.settings import Settings
from models.calibration.applicability import Applicability
from models.checkpoint import load_class_network
from models.network.class_inputs import class_inputs
from models.registry import APPLICABILITY, CARD, REPORT, find_checkpoint, verify
from models.runtime import classify_with_states
from models.training_set import TrainingSet
from tests.models.builders import wavy_series
from tests.models.tiny_checkpoints import FORECASTER, write_class_model, write_forecaster
from training.cross_validate import Judged, calibrated
from training.finetune import ALONE_ROUNDS, ALTERED_ROUNDS
from training.labels.sample_pixels import LabelledSet
from training.overrides import Choices
from training.user_model import fit as own_labels
from training.user_model.files import WORK, Order, check_name
from training.user_model.fit import (
    COPIES,
    GENTLE,
    LEAST_FOR_TREES,
    MONTHS,
    RATE,
    TREES,
    find_beginning,
    learn_own,
    make_own_pool,
    make_run,
    split_blocks,
)
from training.user_model.scores import assess, choose_threshold, decide

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


def judged(rng: np.random.Generator, *, sharpness: float, count: int = 3000) -> Judged:
    """Logits that are `sharpness` times as sure as they should be."""
    logit = rng.normal(0, 2, count)
    truth = (rng.random(count) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return Judged(
        logits=np.stack([np.zeros(count), sharpness * logit], axis=1).astype(np.float32),
        fold=np.arange(count) % 5,
        labels=truth,
        places=np.array([f"b{i % 40}" for i in range(count)]),
        sets=np.full(count, "own"),
        states=np.zeros((count, 2), np.float32),
        weight=np.ones(count),
    )


def test_too_sure_a_model_is_cooled_down_and_then_calibrated() -> None:
    found = judged(np.random.default_rng(1), sharpness=4.0)
    card = calibrated(found, "fields.gpkg")
    assert card["calibration"]["temperature"] == pytest.approx(4.0, rel=0.15)
    assert card["prediction_sets"]["coverage"] == 0.9
    scores = assess(decide(found, CLASSES))
    assert float(scores["ece"].split()[0]) < 0.04
    low, high = (float(v) for v in scores["roc_auc_crop"].split("[")[1].strip("]").split(","))
    assert 0.8 < low < float(scores["roc_auc_crop"].split()[0]) < high < 0.95
    assert {"pr_auc_crop", "f1_crop", "balanced_accuracy", "brier"} < set(scores)
    assert np.sum(scores["confusion"]) == scores["series"] == 3000


def test_a_folds_own_labels_move_neither_its_temperature_nor_its_threshold() -> None:
    found = judged(np.random.default_rng(2), sharpness=1.0, count=500)
    mine = found.fold == 3
    flipped = replace(found, labels=np.where(mine, 1 - found.labels, found.labels))
    one, other = decide(found, CLASSES), decide(flipped, CLASSES)
    assert np.array_equal(one.share[mine], other.share[mine])
    assert np.array_equal(one.called[mine], other.called[mine])
    assert not np.array_equal(one.share[~mine], other.share[~mine])


def test_the_threshold_is_that_of_the_best_f1() -> None:
    positive = np.array([0.1, 0.2, 0.25, 0.3, 0.35, 0.4], np.float32)
    share = np.stack([1 - positive, positive], axis=1)
    assert choose_threshold(share, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(0.30)
    assert choose_threshold(share, np.array([1, 1, 1, 1, 1, 1])) == pytest.approx(0.10)


def test_more_classes_are_scored_each_against_the_rest_and_have_no_threshold() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    logits = (2 * np.eye(3)[truth] + rng.normal(0, 1, (300, 3))).astype(np.float32)
    three = decide(
        replace(judged(rng, sharpness=1.0, count=300), logits=logits, labels=truth), ("wheat", "maize", "grass")
    )
    assert {"roc_auc_wheat", "pr_auc_maize", "f1_grass"} < set(assess(three))
    assert not three.is_binary
    assert np.array_equal(three.called, three.share.argmax(axis=1))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny forecaster and a tiny class model, which stand before the shipped ones."""
    folder = tmp_path_factory.mktemp("models")
    write_forecaster(folder)
    write_class_model(folder, "crop")
    return folder


@pytest.fixture
def tiny(models: Path, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", models=models)


def test_learning_begins_with_the_class_model_where_the_classes_are_its_own(tiny: Settings) -> None:
    found = own_set()
    known = find_beginning(found, tiny)
    assert known.network is not None
    assert known.trunk is known.network.trunk
    assert known.to_json() == {
        "trunk": FORECASTER,
        "trunk_sha256": "ab" * 32,
        "start": "tiny-crop",
        "start_sha256": find_checkpoint("", "crop", tiny).sha256,
    }
    other = find_beginning(replace(found, classes=("wheat", "maize")), tiny)
    assert other.network is None
    forecaster = find_checkpoint("", "forecast", tiny)
    assert other.to_json() == {
        "trunk": FORECASTER,
        "trunk_sha256": forecaster.sha256,
        "start": "",
        "start_sha256": "",
    }


def test_a_training_is_short_saved_often_and_has_trees_where_there_are_some_to_go_on_from_or_many_pixels(
    tiny: Settings,
) -> None:
    few, many = own_set(), own_set(LEAST_FOR_TREES)
    runs = [make_run(found, find_beginning(found, tiny)) for found in (few, many)]
    assert [r.steps for r in runs] == [192, 400]
    assert [r.trees for r in runs] == [TREES, TREES], "the class model has trees to go on from"
    other = [replace(found, classes=("wheat", "maize")) for found in (few, many)]
    assert [make_run(found, find_beginning(found, tiny)).trees for found in other] == [0, TREES]
    assert [r.copies for r in runs] == [COPIES, COPIES]
    assert runs[0].check_every == 19
    assert not runs[0].is_default
    assert (runs[0].members, runs[0].layer) == (2, "last"), "those of the heads that it begins with"
    assert [r.learning_rate for r in runs] == [GENTLE, GENTLE]
    anew = make_run(few, find_beginning(few, tiny), choices=Choices(layer="middle"))
    assert (anew.layer, anew.learning_rate) == ("middle", RATE), "heads that read another layer begin anew"
    crowd = own_set(20_000)
    assert make_run(crowd, find_beginning(crowd, tiny), 7).copies == 1


def test_rows_are_of_the_labels_days_whatever_came_later(tiny: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = own_set()
    day = found.training.series.days[:, 30]
    early = replace(found, reference_days=day)
    run = make_run(early, find_beginning(found, tiny))
    _, expected = class_inputs(found.training.series, day + 1, months=MONTHS["crop"])
    pool = make_own_pool(early, run)
    np.testing.assert_array_equal(pool.queries[:48], expected)
    assert pool.labels.tolist() == found.codes.tolist() * (1 + COPIES)
    monkeypatch.setattr(own_labels, "PREPARED", 20)
    in_parts = make_own_pool(early, run)
    np.testing.assert_array_equal(in_parts.queries[:48], expected)
    assert in_parts.places.tolist() == pool.places.tolist()
    assert in_parts.copy.tolist() == pool.copy.tolist()


def test_classes_are_drawn_evenly_however_many_labels_they_have(tiny: Settings) -> None:
    found = own_set()
    found.codes[:] = np.arange(48) < 6
    pool = make_own_pool(found, make_run(found, find_beginning(found, tiny)))
    assert pool.weight[pool.labels == 1].sum() == pytest.approx(pool.weight[pool.labels == 0].sum())


def test_names_of_other_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="a shipped model has it"):
        check_name("crop", tmp_path, "never")
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
@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_goes_on_without_its_finished_folds_to_the_card_that_it_would_have_had(
    tiny: Settings, tmp_path: Path
) -> None:
    found = own_set()
    order = Order(name="mine", folder=tmp_path / "own", command="landcast finetune crop", steps=3)

    def killed(share: float) -> None:
        if share > 0.4:
            raise Stopped

    with pytest.raises(Stopped):
        learn_own(found, order, tiny, killed)
    saved = order.own / WORK / "fold1.npz"
    finished = saved.stat().st_mtime_ns
    seen: list[float] = []

    def watch(share: float) -> None:
        seen.append(share)
        if share < 0.9:
            assert saved.stat().st_mtime_ns == finished

    learn_own(found, order, tiny, watch)
    whole = learn_own(found, replace(order, name="whole"), tiny, lambda _share: None)
    cards = [json.loads((order.folder / n / CARD).read_text()) for n in ("mine", "whole")]
    for field in ("accuracy", "sha256", "calibration", "prediction_sets", "threshold"):
        assert cards[0][field] == cards[1][field]
    assert seen == sorted(seen)
    assert sorted(p.name for p in whole.parent.iterdir()) == [
        "applicability.safetensors",
        "card.json",
        "log.jsonl",
        "network.onnx",
        "out_of_fold.csv",
        "validation.html",
        "weights.safetensors",
    ]
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        learn_own(found, replace(order, wish="always"), tiny, lambda _share: None)
    check_card(cards[0], tiny)
    check_use(found, tiny.model_copy(update={"models": order.folder}))
    report = (whole.parent / REPORT).read_text()
    assert "fields.gpkg, blocks not learned from" in report
    assert "48" in report


def check_card(card: dict[str, Any], settings: Settings) -> None:
    """Say what the card of the test above holds."""
    assert card["own_labels"]["classes"]["crop"] == {"labels": 24, "pixels": 24, "blocks": 6}
    assert card["start_sha256"] == find_checkpoint("", "crop", settings).sha256
    assert card["cautions"]
    assert set(card["accuracy"]) == {"out_of_fold", "before_tiny-crop"}
    assert card["accuracy"]["out_of_fold"]["folds"] == 5
    assert 0.05 <= card["threshold"] <= 0.95
    assert card["calibration"]["fitted_on"] == "fields.gpkg, blocks not learned from"
    before = load_class_network(find_checkpoint("", "crop", settings)).config.trees[0]
    assert card["network"]["trees"][0] == before + TREES
    assert "model that had learned from all the others" in card["split"]


def check_use(found: LabelledSet, settings: Settings) -> None:
    """Map with the model of the test above, and look at its area of applicability."""
    used = find_checkpoint("mine", "crop", settings)
    verify(used)
    series, days = found.training.series, found.reference_days + 1
    answer, states = classify_with_states(series, days, used, months=18)
    assert answer.classes == CLASSES
    assert np.isfinite(answer.probability).all()
    area = Applicability.load(Path(used.folder) / APPLICABILITY)
    assert area.is_inside(states).mean() > 0.8, "it has learned from these very series"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("one_thread")
def test_classes_of_ones_own_are_learned_from_the_forecaster_with_trees_and_told_apart(
    tiny: Settings, tmp_path: Path
) -> None:
    found = replace(own_set(LEAST_FOR_TREES), classes=("wheat", "maize"))
    order = Order(name="mine", folder=tmp_path / "own", command="landcast finetune crop", steps=40)
    card = json.loads(learn_own(found, order, tiny, lambda _share: None).read_text())
    assert card["classes"] == ["wheat", "maize"]
    assert (card["start"], card["trunk"]) == ("", FORECASTER)
    assert set(card["accuracy"]) == {"out_of_fold"}
    assert card["network"]["trees"][0] == (1 + ALTERED_ROUNDS) * TREES + TREES // ALONE_ROUNDS
    assert float(card["accuracy"]["out_of_fold"]["roc_auc_maize"].split()[0]) > 0.9
    table = pd.read_csv(order.own / "out_of_fold.csv")
    assert len(table) == LEAST_FOR_TREES
    assert (table.called == table.truth).mean() > 0.8
